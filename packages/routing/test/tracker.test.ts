import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildRoutingTable,
  type KubeEndpointSlice,
  type KubePod,
  type KubeRoutingOverride,
  type KubeService,
  RoutingTracker,
} from '../src/index.ts';
import { override, pod, service, slice } from './city-fixture.ts';

const SERVICES = ['cart', 'web', 'search'];
const octet = fc.integer({ min: 1, max: 6 });
const name = fc.constantFrom(...SERVICES);

type Event =
  | { kind: 'setService'; object: KubeService }
  | { kind: 'deleteService'; object: KubeService }
  | { kind: 'setEndpointSlice'; object: KubeEndpointSlice }
  | { kind: 'deleteEndpointSlice'; object: KubeEndpointSlice }
  | { kind: 'setOverride'; object: KubeRoutingOverride }
  | { kind: 'deleteOverride'; object: KubeRoutingOverride }
  | { kind: 'setPod'; object: KubePod }
  | { kind: 'deletePod'; object: KubePod };

const services = fc
  .record({ name, port: fc.constantFrom(80, 81, 99_999), local: fc.boolean() })
  .map(({ name, port, local }) =>
    service(name, {
      ports: [{ name: 'http', port }],
      internalTrafficPolicy: local ? 'Local' : 'Cluster',
      clusterIP: `10.96.0.${SERVICES.indexOf(name) + 1}`,
    }),
  );
const slices = fc
  .record({
    owner: name,
    id: fc.constantFrom('s1', 's2', 's3'),
    endpoints: fc.array(
      fc.record({ octet, ready: fc.boolean(), terminating: fc.boolean(), node: fc.constantFrom('node-a', 'node-b') }),
      { maxLength: 4 },
    ),
  })
  .map(({ owner, id, endpoints }) =>
    slice(
      owner,
      endpoints.map((e) => ({ ...e, serving: true, ip: `10.244.1.${e.octet}` })),
      id,
    ),
  );
const overrides = fc
  .record({
    id: fc.constantFrom('o1', 'o2', 'o3'),
    service: name,
    octet,
    weight: fc.constantFrom(0, 10, 5000, undefined),
    label: fc.boolean(),
    allowEmpty: fc.boolean(),
    at: fc.integer({ min: 10, max: 19 }),
  })
  .map(({ id, service: of, octet, weight, label, allowEmpty, at }) =>
    override(
      id,
      {
        service: of,
        backends: label ? { selector: { matchLabels: { version: 'v2' } } } : { podNames: [`pod-${octet}`] },
        ...(weight === undefined ? { drain: {} } : { weight }),
        allowEmpty,
      },
      `2026-11-22T${at}:00:00Z`,
    ),
  );
const pods = fc
  .record({ octet, version: fc.constantFrom('v1', 'v2') })
  .map(({ octet, version }) => pod(`10.244.1.${octet}`, { version }));

const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    services.map((object) => ({ kind: 'setService' as const, object })),
    services.map((object) => ({ kind: 'deleteService' as const, object })),
    slices.map((object) => ({ kind: 'setEndpointSlice' as const, object })),
    slices.map((object) => ({ kind: 'deleteEndpointSlice' as const, object })),
    overrides.map((object) => ({ kind: 'setOverride' as const, object })),
    overrides.map((object) => ({ kind: 'deleteOverride' as const, object })),
    pods.map((object) => ({ kind: 'setPod' as const, object })),
    pods.map((object) => ({ kind: 'deletePod' as const, object })),
  ),
  { minLength: 1, maxLength: 40 },
);

const byKey = <T extends { readonly metadata: { readonly name: string } }>() => new Map<string, T>();

describe('RoutingTracker', () => {
  it('equals a table built from nothing after any events, and names exactly what changed', () => {
    let routed = 0;
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 5 }), (list, every) => {
        const tracker = new RoutingTracker({ name: 'node-a' });
        const held = {
          services: byKey<KubeService>(),
          slices: byKey<KubeEndpointSlice>(),
          overrides: byKey<KubeRoutingOverride>(),
          pods: byKey<KubePod>(),
        };
        let before = tracker.take().table;
        list.forEach((event, i) => {
          apply(tracker, held, event);
          if (i % every !== 0 && i !== list.length - 1) return;
          const { table, changed } = tracker.take();
          const full = buildRoutingTable({
            services: held.services.values(),
            endpointSlices: held.slices.values(),
            overrides: held.overrides.values(),
            pods: held.pods.values(),
            node: { name: 'node-a' },
          });
          expect(sorted(table.servicePorts)).toEqual(sorted(full.servicePorts));
          expect(new Set(table.outcomes.map((o) => JSON.stringify(o)))).toEqual(
            new Set(full.outcomes.map((o) => JSON.stringify(o))),
          );
          expect(new Set(table.problems.map((p) => JSON.stringify(p)))).toEqual(
            new Set(full.problems.map((p) => JSON.stringify(p))),
          );
          for (const key of new Set([...before.servicePorts.keys(), ...table.servicePorts.keys()])) {
            const same = before.servicePorts.get(key) === table.servicePorts.get(key);
            expect(changed.has(key), key).toBe(!same);
          }
          routed += table.servicePorts.size;
          before = table;
        });
      }),
      { seed: 20261122, numRuns: 300 },
    );
    expect(routed, 'the run must have routed something').toBeGreaterThan(100);
  });

  it('forgets a change that was undone before it was taken', () => {
    const tracker = new RoutingTracker();
    tracker.setService(service('cart'));
    tracker.setEndpointSlice(slice('cart', [{ ip: '10.244.1.1' }]));
    tracker.take();
    tracker.setEndpointSlice(slice('cart', [{ ip: '10.244.1.1' }, { ip: '10.244.1.2' }]));
    tracker.setEndpointSlice(slice('cart', [{ ip: '10.244.1.1' }]));
    expect(tracker.take().changed.size).toBe(0);
  });
});

function sorted(ports: ReadonlyMap<string, unknown>) {
  return [...ports].sort(([a], [b]) => (a < b ? -1 : 1));
}

function apply(
  tracker: RoutingTracker,
  held: {
    services: Map<string, KubeService>;
    slices: Map<string, KubeEndpointSlice>;
    overrides: Map<string, KubeRoutingOverride>;
    pods: Map<string, KubePod>;
  },
  event: Event,
): void {
  const id = event.object.metadata.name;
  switch (event.kind) {
    case 'setService':
      tracker.setService(event.object);
      held.services.set(id, event.object);
      break;
    case 'deleteService':
      tracker.deleteService(event.object);
      held.services.delete(id);
      break;
    case 'setEndpointSlice':
      tracker.setEndpointSlice(event.object);
      held.slices.set(id, event.object);
      break;
    case 'deleteEndpointSlice':
      tracker.deleteEndpointSlice(event.object);
      held.slices.delete(id);
      break;
    case 'setOverride':
      tracker.setOverride(event.object);
      held.overrides.set(id, event.object);
      break;
    case 'deleteOverride':
      tracker.deleteOverride(event.object);
      held.overrides.delete(id);
      break;
    case 'setPod':
      tracker.setPod(event.object);
      held.pods.set(id, event.object);
      break;
    case 'deletePod':
      tracker.deletePod(event.object);
      held.pods.delete(id);
      break;
  }
}
