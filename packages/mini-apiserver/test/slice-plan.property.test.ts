import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KubeObject, listAt, stringAt } from '../src/object.ts';
import type { PodEndpoint } from '../src/pod-endpoint.ts';
import { MAX_ENDPOINTS, planSlices, type SliceContent } from '../src/slice-plan.ts';

const endpoint = fc.record({
  id: fc.integer({ min: 0, max: 300 }),
  ready: fc.boolean(),
  port: fc.constantFrom(80, 8080),
});
const wish = fc.uniqueArray(endpoint, { selector: ({ id }) => id, maxLength: 300 });

test('step by step, slices hold exactly the wished endpoints, and an equal wish costs nothing', () => {
  fc.assert(
    fc.property(fc.array(wish, { minLength: 1, maxLength: 6 }), (wishes) => {
      let slices: KubeObject[] = [];
      for (const one of wishes) {
        const wanted = one.map(asEndpoint);
        slices = carryOut(slices, wanted);
        expect(held(slices)).toEqual(wanted.map(shown).sort());
        for (const slice of slices) expect(listAt(slice, 'endpoints').length).toBeLessThanOrEqual(MAX_ENDPOINTS);
        expect(planSlices(slices, wanted)).toEqual({ create: [], update: [], remove: [] });
      }
    }),
    { numRuns: 60 },
  );
});

test('one endpoint that changes costs one update', () => {
  const wanted = Array.from({ length: 250 }, (_, id) => asEndpoint({ id, ready: true, port: 80 }));
  const slices = carryOut([], wanted);
  const changed = wanted.with(120, asEndpoint({ id: 120, ready: false, port: 80 }));
  const { create, update, remove } = planSlices(slices, changed);
  expect([create.length, update.length, remove.length]).toEqual([0, 1, 0]);
});

let made = 0;

function carryOut(slices: KubeObject[], wanted: PodEndpoint[]): KubeObject[] {
  const plan = planSlices(slices, wanted);
  const removed = new Set(plan.remove);
  const updated = new Map(plan.update.map(({ slice, content }) => [slice, content]));
  return [
    ...slices.filter((slice) => !removed.has(slice)).map((slice) => ({ ...slice, ...updated.get(slice) })),
    ...plan.create.map((content: SliceContent) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `s${made++}` },
      ...content,
    })),
  ];
}

function asEndpoint({ id, ready, port }: { id: number; ready: boolean; port: number }): PodEndpoint {
  const uid = `pod-${id}`;
  const addresses = [`10.1.${id >> 8}.${id & 255}`];
  return {
    uid,
    endpoint: { addresses, conditions: { ready }, targetRef: { uid } },
    ports: [{ name: '', protocol: 'TCP', port }],
  };
}

const shown = ({ uid, endpoint: { conditions }, ports }: PodEndpoint) => JSON.stringify([uid, conditions, ports]);

function held(slices: KubeObject[]): string[] {
  return slices
    .flatMap((slice) =>
      listAt(slice, 'endpoints').map((one) => {
        const { conditions } = one as { conditions: unknown };
        return JSON.stringify([stringAt(one, 'targetRef', 'uid'), conditions, slice.ports]);
      }),
    )
    .sort();
}
