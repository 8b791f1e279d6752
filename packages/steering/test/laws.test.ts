import type { SteerRequest } from '@kubecity/protocol';
import { buildRoutingTable, floorOf, type KubeRoutingOverride, type RoutingTable } from '@kubecity/routing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backendId, idOf, planSteer, planUndo, type SteerPlan, SteerRefusal } from '../src/index.ts';
import { city, clusterOverride, NOW, override, type ServiceSpec } from './city.ts';
import { Stored } from './stored.ts';

const ANA = { user: 'ana', how: 'dashboard' } as const;
const LATER = NOW + 5000;
type Steer = Extract<SteerRequest, { action: 'steer' }>;

const nodes = ['node-a', 'node-b'];
const pods = fc
  .array(fc.record({ node: fc.constantFrom(...nodes), ready: fc.boolean(), v: fc.constantFrom('1', '2') }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((members) =>
    members.map(({ node, ready, v }, i) => ({
      name: `p${i + 1}`,
      ip: `10.0.0.${i + 1}`,
      node,
      zone: node === 'node-a' ? 'z1' : 'z2',
      ready,
      labels: { v },
    })),
  );
const service = (name: string): fc.Arbitrary<ServiceSpec> =>
  fc.record({
    name: fc.constant(name),
    pods,
    ports: fc.constantFrom(['http'], ['http', 'admin']),
    floor: fc.constantFrom(undefined, '0', '2', '50%'),
  });
const podName = fc.constantFrom('p1', 'p2', 'p3', 'p4');
const backends = fc.oneof(
  podName.map((name) => ({ podNames: [name] })),
  fc.constantFrom(...nodes).map((name) => ({ nodeNames: [name] })),
  fc.constantFrom('1', '2').map((v) => ({ selector: { matchLabels: { v } } })),
);
const effect = fc.oneof(
  fc.record({ weight: fc.constantFrom(0, 30, 100, 500) }),
  fc.record({ share: fc.constantFrom(0, 10, 60, 100) }),
  fc.record({ drain: fc.constantFrom({}, { existing: 'cut' }, { deadlineSeconds: 3600 }) }),
);
const overrideOf = fc
  .record({
    i: fc.nat(4),
    service: fc.constantFrom('cart', 'web', undefined),
    cluster: fc.boolean(),
    backends,
    effect,
    allowEmpty: fc.boolean(),
    hour: fc.constantFrom('09', '10', '11'),
  })
  .map(({ i, service, cluster, backends, effect, allowEmpty, hour }) => {
    const spec = { ...(!cluster && service && { service }), backends, ...effect, ...(allowEmpty && { allowEmpty }) };
    const made = { creationTimestamp: `2026-11-22T${hour}:00:00Z` };
    return cluster ? clusterOverride(`c${i}`, spec, { ...made, uid: `uid-c${i}` }) : override(`o${i}`, spec, made);
  });
const target: fc.Arbitrary<Steer['target']> = fc.oneof(
  fc.constantFrom(1, 2, 3, 4).map((n) => ({ kind: 'backend' as const, id: `shop/cart:http/TCP|10.0.0.${n}:8080` })),
  podName.map((name) => ({ kind: 'pod' as const, namespace: 'shop', name })),
  fc.constantFrom(...nodes).map((name) => ({ kind: 'node' as const, name })),
  fc.constantFrom('z1', 'z2').map((name) => ({ kind: 'zone' as const, name })),
  fc.constantFrom('1', '2').map((v) => ({ kind: 'labels' as const, namespace: 'shop', matchLabels: { v } })),
  fc
    .constantFrom('cart', 'web')
    .map((name) => ({ kind: 'service' as const, namespace: 'shop', name, ports: ['http'] })),
  fc.nat(4).map((i) => ({ kind: 'override' as const, namespace: 'shop', name: `o${i}` })),
);
const asked: fc.Arbitrary<Steer> = fc.record(
  {
    action: fc.constant('steer' as const),
    target,
    effect: fc.oneof(
      fc.constantFrom(0, 30, 100).map((weight) => ({ kind: 'weight' as const, weight })),
      fc.constantFrom(10, 90).map((share) => ({ kind: 'share' as const, share })),
      fc.constant({ kind: 'drain' as const, existing: 'wait' as const }),
      fc.constant({ kind: 'release' as const }),
    ),
    allowEmpty: fc.boolean(),
    reason: fc.constantFrom('a', 'b'),
  },
  { requiredKeys: ['action', 'target', 'effect'] },
);
const scene = fc.record({
  services: fc.tuple(service('cart'), service('web')).map((both) => [...both]),
  overrides: fc.uniqueArray(overrideOf, { selector: idOf, maxLength: 4 }),
  request: asked,
});

/** Weights by backend, and who holds it by name: an object that is made again has another uid. */
function weightsOf({ servicePorts }: RoutingTable, objects: readonly KubeRoutingOverride[]) {
  const names = new Map(objects.map((object) => [object.metadata.uid, idOf(object)]));
  return [...servicePorts.values()].flatMap(({ key, backends }) =>
    backends.map((backend) => [
      backendId(key, backend),
      backend.weight,
      backend.draining,
      backend.keepsSticky,
      backend.overrideUid === undefined ? undefined : names.get(backend.overrideUid),
    ]),
  );
}

function attempt(plan: () => SteerPlan): SteerPlan | undefined {
  try {
    return plan();
  } catch (error) {
    if (error instanceof SteerRefusal) return undefined;
    throw error;
  }
}

/** Begun by then or not, with everything that has a default spelled out and no times of beginning. */
function wishes(objects: readonly KubeRoutingOverride[]) {
  return new Map(
    objects.map((object) => {
      const { startAt: _, ...spec } = object.spec as Record<string, unknown>;
      return [idOf(object), spec];
    }),
  );
}

test('a dry run shows what comes, no floor is broken unasked, and an undo brings back what was', () => {
  let applied = 0;
  let undone = 0;
  fc.assert(
    fc.property(scene, ({ services, overrides, request }) => {
      const table = (objects: readonly KubeRoutingOverride[], now: number) =>
        buildRoutingTable({ ...city(services, objects), now });
      const stored = new Stored(overrides);
      const plan = attempt(() => planSteer(request, city(services, overrides), ANA));
      if (!plan?.writes.length) return;
      applied += 1;
      const change = stored.apply(plan, NOW);

      const after = table(stored.all, NOW);
      for (const { servicePort, rows, active } of plan.tables) {
        const port = after.servicePorts.get(servicePort);
        expect(rows.map(({ after }) => [after.weight, after.draining])).toEqual(
          port?.backends.map(({ weight, draining }) => [weight, draining]),
        );
        expect(port && floorOf(port)).toEqual({ active: active.after, floor: active.floor, of: active.of });
      }
      const before = table(overrides, NOW);
      if (!request.allowEmpty) {
        for (const [id, port] of after.servicePorts) {
          const { active, floor } = floorOf(port);
          const was = before.servicePorts.get(id);
          expect(active).toBeGreaterThanOrEqual(Math.min(floor, was ? floorOf(was).active : floor));
        }
      }

      const back = attempt(() =>
        planUndo(change, { action: 'undo' }, { ...city(services, stored.all), now: LATER }, ANA),
      );
      if (!back) return;
      undone += 1;
      stored.apply(back, LATER);
      expect(wishes(stored.all)).toEqual(wishes(overrides));
      expect(weightsOf(table(stored.all, LATER), stored.all)).toEqual(weightsOf(table(overrides, LATER), overrides));
    }),
    { seed: 20261122, numRuns: 600 },
  );
  expect(applied).toBeGreaterThan(150);
  expect(undone).toBeGreaterThan(applied * 0.7);
});
