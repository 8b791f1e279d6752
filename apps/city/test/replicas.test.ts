import { describe, expect, test } from 'vitest';
import { newPod, planReplicas, templateHash } from '../src/launcher/replicas.ts';
import type { Deployment, Pod } from '../src/objects.ts';

function deployment(replicas: number, image = 'kubecity/workload'): Deployment {
  return {
    metadata: { name: 'web', namespace: 'shop', uid: 'd1' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'workload', image }] } },
    },
  };
}

function pods(of: Deployment, count: number, ready = true): Pod[] {
  return Array.from({ length: count }, (_, serial) => {
    const { metadata, spec } = newPod(of, 1, serial) as Pod;
    return {
      metadata: { ...metadata, uid: metadata.name, creationTimestamp: `2026-01-01T00:00:0${serial}Z` },
      spec,
      status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
    };
  });
}

const namesOf = (list: readonly Pod[]) => list.map(({ metadata }) => metadata.name);

describe('planReplicas', () => {
  test('makes what is missing', () => {
    const web = deployment(3);
    expect(planReplicas(web, [])).toEqual({ create: 3, remove: [] });
    expect(planReplicas(web, pods(web, 2))).toEqual({ create: 1, remove: [] });
    expect(planReplicas(web, pods(web, 3))).toEqual({ create: 0, remove: [] });
  });

  test('scaled down, the not ready go first, then the youngest', () => {
    const web = deployment(1);
    const [a, b, c] = pods(web, 3) as [Pod, Pod, Pod];
    const unready = { ...a, status: {} };
    const { create, remove } = planReplicas(web, [unready, b, c]);
    expect(create).toBe(0);
    expect(namesOf(remove)).toEqual(namesOf([a, c]));
  });

  test('scaled to nothing, all go, those of an old template too', () => {
    const web = deployment(0);
    const old = pods(deployment(1, 'other'), 1);
    expect(planReplicas(web, [...pods(web, 2), ...old]).remove).toHaveLength(3);
  });

  test('a roll-out goes one by one and never below what was asked for', () => {
    const before = deployment(3);
    const after = deployment(3, 'other');
    let present = pods(before, 3);
    let serial = 0;
    const isNew = ({ metadata }: Pod) => metadata.labels?.['pod-template-hash'] === templateHash(after);
    for (let round = 0; round < 20 && !(present.length === 3 && present.every(isNew)); round++) {
      const { create, remove } = planReplicas(after, present);
      present = present.filter((pod) => !remove.includes(pod));
      expect(present.length).toBeGreaterThanOrEqual(3);
      expect(present.length + create).toBeLessThanOrEqual(4);
      present.push(...pods(after, serial + create).slice(serial));
      serial += create;
    }
    expect(present).toHaveLength(3);
    expect(present.every(isNew)).toBe(true);
  });

  test('old pods that never became ready do not hold a roll-out up', () => {
    const after = deployment(2, 'other');
    expect(planReplicas(after, pods(deployment(2), 2, false)).remove).toHaveLength(2);
  });
});

test('pods are named after Deployment, template and serial, the same for the same seed', () => {
  const web = deployment(1);
  const [first, again, second] = [newPod(web, 1, 0), newPod(web, 1, 0), newPod(web, 1, 1)];
  expect(first.metadata.name).toMatch(/^web-[b-z2-9]{9}-[b-z2-9]{5}$/);
  expect(again.metadata.name).toBe(first.metadata.name);
  expect(second.metadata.name).not.toBe(first.metadata.name);
  expect(newPod(web, 2, 0).metadata.name).not.toBe(first.metadata.name);
});
