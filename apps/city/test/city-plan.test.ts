import { describe, expect, test } from 'vitest';
import { countAllPods, countPods, letters, limits, planCity } from '../src/plan/city-plan.ts';
import { gateCalls, shop, stray } from '../src/plan/shop.ts';
import { parseCalls } from '../src/workload/call.ts';
import { parseFault } from '../src/workload/fault.ts';

const names = (services: readonly { name: string; namespace: string }[]) =>
  services.map(({ name, namespace }) => `${name}.${namespace}`);

describe('the default city', () => {
  const plan = planCity({ nodes: 4 });

  test('has four nodes in two zones with addresses and pod ranges of their own', () => {
    expect(plan.nodes).toEqual([
      { name: 'node-a', zone: 'zone-1', address: '172.18.0.2', podCIDR: '10.244.1.0/24' },
      { name: 'node-b', zone: 'zone-2', address: '172.18.0.3', podCIDR: '10.244.2.0/24' },
      { name: 'node-c', zone: 'zone-1', address: '172.18.0.4', podCIDR: '10.244.3.0/24' },
      { name: 'node-d', zone: 'zone-2', address: '172.18.0.5', podCIDR: '10.244.4.0/24' },
    ]);
  });

  test('has about ten Services in four namespaces and about thirty pods', () => {
    expect(plan.services).toHaveLength(11);
    expect(new Set(plan.services.map(({ namespace }) => namespace)).size).toBe(4);
    expect(countPods(plan.services)).toBe(30);
  });

  test('calls only Services that it has, in words the workload understands', () => {
    const known = new Set(names(shop));
    for (const calls of [gateCalls, stray.calls, ...shop.map((service) => service.calls)]) {
      for (const { callee } of parseCalls(calls.join('; '))) if (!callee.includes(':')) expect(known).toContain(callee);
    }
    for (const { faultyPod = '' } of shop) parseFault(faultyPod);
  });

  test('has one pod that no Service stands for: the stray', () => {
    expect(plan.clients.map(({ name }) => name)).toEqual(['stray']);
    expect(countAllPods(plan)).toBe(31);
  });

  test('has one Service without pods that somebody calls', () => {
    const empty = plan.services.filter((service) => countPods([service]) === 0);
    expect(names(empty)).toEqual(['reviews.shop']);
    expect(plan.services.flatMap(({ calls }) => calls).filter((call) => call.includes('reviews.shop'))).not.toEqual([]);
  });
});

test('nodes are named like the columns of a sheet', () => {
  expect([0, 25, 26, 51, 52, 199].map(letters)).toEqual(['a', 'z', 'aa', 'az', 'ba', 'gr']);
});

test.each([1, 3, 11, 12, 25, 200])(
  '%i Services: so many are planned, and none calls one that is not there',
  (services) => {
    const plan = planCity({ nodes: 1, services });
    const known = names(plan.services);
    expect(new Set(known).size).toBe(services);
    for (const { calls } of [...plan.services, ...plan.clients]) {
      for (const { callee } of parseCalls(calls.join('; '))) if (!callee.includes(':')) expect(known).toContain(callee);
    }
  },
);

test.each([11, 29, 30, 31, 64, 500])('%i pods: so many are planned, and no Service loses its last', (pods) => {
  const { services } = planCity({ nodes: 4, pods });
  expect(countPods(services)).toBe(pods);
  for (const [index, { replicas }] of services.entries()) {
    expect(replicas > 0).toBe((shop[index]?.replicas ?? 0) > 0);
  }
});

test('fewer pods than Services leaves one for each', () => {
  expect(countPods(planCity({ nodes: 4, pods: 1 }).services)).toBe(11);
});

test('the largest city has distinct node addresses within the underlay', () => {
  const { nodes } = planCity({ nodes: limits.nodes });
  expect(new Set(nodes.map(({ address }) => address)).size).toBe(limits.nodes);
  for (const { address } of nodes) expect(Number(address.split('.')[3])).toBeLessThan(255);
});
