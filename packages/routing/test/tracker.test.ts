import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FLOOR_ANNOTATION, type ObjectMeta, type RoutingTable, RoutingTracker } from '../src/index.ts';
import { override, pod, service, slice } from './city-fixture.ts';
import { type Event, World } from './world.ts';

const SERVICES = ['cart', 'web'];
const octet = fc.integer({ min: 1, max: 6 });
const name = fc.constantFrom(...SERVICES);
const policy = fc.constantFrom('Cluster', 'Local');
const nodeName = fc.constantFrom('node-a', 'node-b');
const zone = fc.constantFrom('zone-1', 'zone-2', undefined);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

/** Hints count only where every ready endpoint has one. */
const often = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 9 });

/** Overrides of one namespace, of the whole cluster, and the floor of a namespace must not be taken for another's. */
const namespace = fc.constantFrom('shop', 'shop', 'shop', 'shop', 'blog');
const inside = <T extends { readonly metadata: ObjectMeta }>(namespace: string, object: T): T => ({
  ...object,
  metadata: { ...object.metadata, namespace },
});
const floor = fc.constantFrom(undefined, '3', '50%', '1,75%', '0', 'most');
const withFloor = <T extends { readonly metadata: ObjectMeta }>(floor: string | undefined, object: T): T =>
  floor === undefined
    ? object
    : { ...object, metadata: { ...object.metadata, annotations: { [FLOOR_ANNOTATION]: floor } } };

const services = fc
  .record({
    name,
    namespace,
    floor,
    port: fc.constantFrom(80, 80, 81, 81, 99_999),
    type: fc.constantFrom('ClusterIP', 'ClusterIP', 'NodePort', 'LoadBalancer', 'LoadBalancer', 'ExternalName'),
    families: fc.constantFrom(undefined, ['IPv4'], ['IPv6'], ['IPv4', 'IPv6']),
    internalTrafficPolicy: policy,
    externalTrafficPolicy: policy,
    sessionAffinity: fc.constantFrom(undefined, 'ClientIP'),
    externalIPs: maybe(fc.subarray(['198.51.100.1', '2001:db8::1', 'nonsense'])),
    ranges: maybe(fc.subarray(['192.0.2.0/24', '2001:db8::/32', '::/0'], { minLength: 1 })),
    ingress: maybe(fc.constantFrom({ ip: '203.0.113.1' }, { ip: '203.0.113.1', ipMode: 'Proxy' })),
  })
  .map(({ name, namespace, floor, port, families, ranges, ingress, ...spec }) => {
    const index = SERVICES.indexOf(name) + 1;
    const clusterIPs = families?.map((family) => (family === 'IPv4' ? `10.96.0.${index}` : `fd00:96::${index}`));
    const made = service(name, {
      ...spec,
      ports: [{ name: 'http', port, nodePort: 30_000 + index }],
      clusterIP: clusterIPs?.[0] ?? `10.96.0.${index}`,
      clusterIPs,
      ipFamilies: families,
      loadBalancerSourceRanges: ranges,
      healthCheckNodePort: 32_000 + index,
    });
    const placed = withFloor(floor, inside(namespace, made));
    return { ...placed, ...(ingress && { status: { loadBalancer: { ingress: [ingress] } } }) };
  });

const slices = fc
  .record({
    owner: name,
    namespace,
    id: fc.constantFrom('s1', 's2', 's3'),
    family: fc.constantFrom('IPv4', 'IPv6', 'FQDN'),
    endpoints: fc.array(
      fc.record({
        octet,
        ready: fc.constantFrom(true, true, false),
        serving: fc.boolean(),
        terminating: fc.boolean(),
        node: nodeName,
        zone,
        forZones: often(fc.subarray(['zone-1', 'zone-2'], { minLength: 1 })),
        forNodes: maybe(fc.subarray(['node-a', 'node-b'])),
      }),
      { maxLength: 4, size: 'max' },
    ),
  })
  .map(({ owner, namespace, id, family, endpoints }) => {
    const base = family === 'IPv6' ? 'fd00:244::' : '10.244.1.';
    const members = endpoints.map(({ octet, ...more }) => ({ ...more, ip: `${base}${octet}` }));
    return inside(namespace, slice(owner, members, id, family));
  });

const at = fc.integer({ min: 10, max: 19 }).map((hour) => `2026-11-22T${hour}:00:00Z`);
const overrides = fc
  .record({
    id: fc.constantFrom('o1', 'o2', 'o3'),
    /** Of the whole cluster, of a namespace, or of one Service of it. */
    about: fc.constantFrom('cluster', 'shop', 'blog', 'shop/cart', 'shop/cart', 'shop/web', 'blog/cart'),
    octets: fc.uniqueArray(octet, { minLength: 2, maxLength: 5 }),
    wish: fc.oneof(
      fc.constantFrom<object>(
        { weight: 0 },
        { weight: 10 },
        { weight: 5000 },
        { drain: {} },
        { drain: {} },
        { drain: { sticky: 'keep' } },
        { drain: { sticky: 'keep' } },
      ),
      fc.record({ share: fc.integer({ min: 0, max: 100 }) }),
      fc.record({
        share: fc.integer({ min: 0, max: 100 }),
        ramp: fc.record({ from: fc.integer({ min: 0, max: 100 }), seconds: fc.integer({ min: 1, max: 20_000 }) }),
      }),
      fc.record({
        weight: fc.integer({ min: 0, max: 1000 }),
        ramp: fc.record({ from: fc.integer({ min: 0, max: 1000 }), seconds: fc.integer({ min: 1, max: 20_000 }) }),
      }),
    ),
    by: fc.constantFrom('label', 'pod', 'pod', 'zone'),
    allowEmpty: fc.boolean(),
    made: at,
    startAt: rarely(at),
    expiresAt: rarely(at),
  })
  .map(({ id, about, octets, wish, by, made, ...more }) => {
    const backends = {
      label: { selector: { matchLabels: { version: 'v2' } } },
      pod: { podNames: octets.map((octet) => `pod-${octet}`) },
      zone: { zones: ['zone-1'] },
    }[by];
    const [namespace = '', service] = about.split('/');
    const object = override(id, { backends, ...wish, ...more, service }, made);
    const { metadata } = object;
    const place = namespace === 'cluster' ? undefined : namespace;
    return { ...object, metadata: { ...metadata, namespace: place, uid: `${metadata.uid}-${place}` } };
  });

const pods = fc
  .record({ octet, namespace, version: fc.constantFrom('v1', 'v2') })
  .map(({ octet, namespace, version }) => inside(namespace, pod(`10.244.1.${octet}`, { version })));

const namespaces = fc
  .record({ name: namespace, floor })
  .map(({ name, floor }) => withFloor(floor, { metadata: { name } }));

const START = Date.parse('2026-11-22T09:00:00Z');
const time = fc.integer({ min: 0, max: 12 * 60 }).map((minutes) => START + minutes * 60_000);

const gone = fc.integer({ min: 0, max: 3 }).map((dice) => dice === 0);
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('services' as const), object: services, gone }),
  fc.record({ kind: fc.constant('slices' as const), object: slices, gone }),
  fc.record({ kind: fc.constant('slices' as const), object: slices, gone }),
  fc.record({ kind: fc.constant('overrides' as const), object: overrides, gone }),
  fc.record({ kind: fc.constant('overrides' as const), object: overrides, gone }),
  fc.record({ kind: fc.constant('namespaces' as const), object: namespaces, gone }),
  fc.record({ kind: fc.constant('time' as const), now: time }),
  fc.record({ kind: fc.constant('pods' as const), object: pods, gone }),
  fc.record({ kind: fc.constant('node' as const), node: fc.record({ name: nodeName, zone }) }),
  fc.record({ kind: fc.constant('externalIPs' as const), allowed: fc.boolean() }),
);
/** Something to steer, in both namespaces, before anything happens. */
const BASIS: readonly Event[] = ['shop', 'blog'].flatMap((namespace): Event[] => {
  const members = [1, 2, 3, 4].map((octet) => ({ ip: `10.244.1.${octet}`, zone: octet < 3 ? 'zone-1' : 'zone-2' }));
  return [
    { kind: 'services', object: inside(namespace, service('cart')), gone: false },
    { kind: 'slices', object: inside(namespace, slice('cart', members, 's1')), gone: false },
  ];
});
const events = fc.array(event, { minLength: 1, maxLength: 40, size: 'max' }).map((list) => [...BASIS, ...list]);
const reader = often(fc.record({ name: nodeName, zone }));

describe('RoutingTracker', () => {
  it('equals a table built from nothing after any events, and names exactly what changed', () => {
    const seen = new Map(WORTH_SEEING.map((what) => [what, 0]));
    fc.assert(
      fc.property(events, reader, fc.integer({ min: 1, max: 5 }), (list, node, every) => {
        const tracker = new RoutingTracker(node);
        const world = new World(tracker, node);
        let before = tracker.take().table;
        list.forEach((event, i) => {
          world.apply(event);
          if (i % every !== 0 && i !== list.length - 1) return;
          const { table, changed } = tracker.take();
          expectSame(table, world.build());
          for (const id of new Set([...before.servicePorts.keys(), ...table.servicePorts.keys(), ...changed])) {
            const same = before.servicePorts.get(id) === table.servicePorts.get(id);
            expect(changed.has(id), id).toBe(!same);
          }
          count(seen, table);
          before = table;
        });
      }),
      { seed: 20261122, numRuns: 800 },
    );
    for (const [what, times] of seen) expect(times, `no ${what} was seen`).toBeGreaterThan(20);
  });

  it('forgets changes that were undone before they were taken', () => {
    let routed = 0;
    fc.assert(
      fc.property(events, events, fc.record({ name: nodeName, zone }), (list, mistakes, node) => {
        const tracker = new RoutingTracker(node);
        const world = new World(tracker, node);
        for (const event of list) world.apply(event);
        const before = tracker.take().table;
        const undo = world.undoing(mistakes);
        for (const event of [...mistakes, ...undo]) world.apply(event);
        const { table, changed } = tracker.take();
        expect([...changed]).toEqual([]);
        expect(table.servicePorts).toBe(before.servicePorts);
        expectSame(table, before);
        routed += table.servicePorts.size;
      }),
      { seed: 20261122, numRuns: 200 },
    );
    expect(routed, 'the run must have routed something').toBeGreaterThan(20);
  });

  it('recomputes only what was touched: every other service port keeps its identity', () => {
    const tracker = new RoutingTracker({ name: 'node-a' });
    for (const name of SERVICES) {
      tracker.setService(service(name));
      tracker.setEndpointSlice(slice(name, [{ ip: '10.244.1.1' }, { ip: '10.244.1.2' }]));
    }
    const before = tracker.take().table.servicePorts;
    tracker.setEndpointSlice(slice('web', [{ ip: '10.244.1.1' }]));
    const { table, changed } = tracker.take();
    expect([...changed]).toEqual(['shop/web:http/TCP']);
    for (const name of ['cart']) {
      expect(table.servicePorts.get(`shop/${name}:http/TCP`)).toBe(before.get(`shop/${name}:http/TCP`));
    }
  });

  it('moves what a hint names when the zone of its node changes, and nothing else', () => {
    const tracker = new RoutingTracker({ name: 'node-a', zone: 'zone-1' });
    const hinted = [
      { ip: '10.244.1.1', forZones: ['zone-1'] },
      { ip: '10.244.1.2', forZones: ['zone-2'] },
    ];
    tracker.setService(service('cart'));
    tracker.setEndpointSlice(slice('cart', hinted));
    tracker.setService(service('web'));
    tracker.setEndpointSlice(slice('web', [{ ip: '10.244.1.1' }]));
    const used = (table: RoutingTable) =>
      table.servicePorts.get('shop/cart:http/TCP')?.backends.map((backend) => backend.onCluster);
    expect(used(tracker.take().table)).toEqual([true, false]);
    tracker.setNode({ name: 'node-a', zone: 'zone-2' });
    const { table, changed } = tracker.take();
    expect(used(table)).toEqual([false, true]);
    expect([...changed]).toEqual(['shop/cart:http/TCP']);
    tracker.setNode({ name: 'node-a', zone: 'zone-2' });
    expect(tracker.take().changed.size).toBe(0);
  });

  it('closes and opens the doors at external IPs, and touches no Service without', () => {
    const tracker = new RoutingTracker({ name: 'node-a' });
    tracker.setService(service('cart', { externalIPs: ['198.51.100.1'] }));
    tracker.setService(service('web'));
    tracker.take();
    const doors = (table: RoutingTable) => table.servicePorts.get('shop/cart:http/TCP')?.externalIPs;
    tracker.allowExternalIPs(true);
    expect(tracker.dirty).toBe(false);
    tracker.allowExternalIPs(false);
    const off = tracker.take();
    expect(doors(off.table)).toEqual([]);
    expect([...off.changed]).toEqual(['shop/cart:http/TCP']);
    tracker.allowExternalIPs(true);
    const on = tracker.take();
    expect(doors(on.table)).toEqual(['198.51.100.1']);
    expect([...on.changed]).toEqual(['shop/cart:http/TCP']);
    tracker.deleteService(service('cart'));
    tracker.allowExternalIPs(false);
    expect(tracker.take().table.servicePorts.has('shop/cart:http/TCP')).toBe(false);
  });
});

function expectSame(table: RoutingTable, other: RoutingTable): void {
  const ports = ({ servicePorts }: RoutingTable) => [...servicePorts].sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = (list: readonly object[]) => list.map((one) => JSON.stringify(one)).sort();
  expect(ports(table)).toEqual(ports(other));
  expect(texts(table.outcomes)).toEqual(texts(other.outcomes));
  expect(texts(table.problems)).toEqual(texts(other.problems));
}

const WORTH_SEEING = [
  ...['IPv4', 'IPv6', 'narrowed', 'keepsSticky', 'problem', 'fraction', 'floor above one', 'ramp'],
  ...['applied', 'invalid', 'noService', 'noBackends', 'overruled', 'lifted', 'expired'],
  ...['applied by all', 'overruled by all', 'lifted by all', 'held in part'],
];

function count(seen: Map<string, number>, { servicePorts, outcomes, problems }: RoutingTable): void {
  const see = (what: string, really = true) => seen.set(what, (seen.get(what) ?? 0) + Number(really));
  see('problem', problems.length > 0);
  for (const { state, override, message, value } of outcomes) {
    see(state);
    see('ramp', value !== undefined);
    see('held in part', state === 'applied' && message !== undefined);
    if (seen.has(`${state} by all`)) see(`${state} by all`, override?.spec.service === undefined);
  }
  for (const { family, backends, floor } of servicePorts.values()) {
    see(family);
    see('floor above one', floor > 1);
    see('fraction', !backends.every(({ weight }) => Number.isInteger(weight)));
    const listed = backends.filter(({ onCluster }) => onCluster);
    see('narrowed', listed.length > 0 && backends.some(({ ready, onCluster }) => ready && !onCluster));
    see(
      'keepsSticky',
      backends.some(({ keepsSticky }) => keepsSticky),
    );
  }
}
