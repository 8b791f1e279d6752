import fc from 'fast-check';
import type { City } from '../../src/city/city.ts';
import { type Edge, edgeKey } from '../../src/city/edges.ts';
import { FILTER_STATES, type Filter } from '../../src/city/filter.ts';
import { cityOf } from './city-of.ts';

/** Records of the right shape; the random ones differ from them in what a filter asks for. */
const sample = (() => {
  const { city } = cityOf(1);
  const first = <T>(map: ReadonlyMap<string, T>) => [...map.values()][0] as T;
  return {
    city,
    node: first(city.node),
    pod: first(city.pod),
    service: first(city.service),
    backend: first(city.backend),
    edge: first(city.edge) as Edge,
  };
})();

const NAMESPACES = ['a', 'b', 'c'];
const NODES = ['n1', 'n2', 'n3'];
const ZONES = ['z1', 'z2'];
const SERVICES = ['a/one', 'a/two', 'b/one', 'c/three'];
const PROTOCOLS = ['TCP', 'UDP'];
const PODS = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6'];

const maybe = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const some = <T>(values: readonly T[]) => fc.subarray([...values]);
const mapOf = <T>(keys: readonly string[], value: fc.Arbitrary<T>): fc.Arbitrary<ReadonlyMap<string, T>> =>
  fc
    .tuple(some(keys), fc.array(value, { minLength: keys.length, maxLength: keys.length }))
    .map(([known, values]) => new Map(known.map((key, i) => [key, values[i] as T])));

const node = fc.record({ zone: maybe(ZONES), state: fc.constantFrom('live', 'stale', 'absent' as const) });
const pod = fc.record({ namespace: fc.constantFrom(...NAMESPACES), node: maybe(NODES) });
const backend = fc.record({
  service: fc.constantFrom(...SERVICES),
  protocol: fc.constantFrom(...PROTOCOLS),
  podUid: maybe(PODS),
  node: maybe(NODES),
  draining: fc.boolean(),
  ready: fc.boolean(),
  weight: fc.constantFrom(0, 40, 100),
  overrideUid: maybe(['o1']),
});
const edge = fc.record({
  client: fc.oneof(
    fc.record({ kind: fc.constant('pod' as const), of: fc.constantFrom(...PODS), node: maybe(NODES) }),
    fc.record({ kind: fc.constant('node' as const), of: fc.constantFrom(...NODES), node: maybe(NODES) }),
    fc.record({
      kind: fc.constant('outside' as const),
      of: fc.constant('203.0.113.0/24'),
      node: fc.constant(undefined),
    }),
  ),
  /** A backend by number; beyond them one that is gone, or none: a direct connection. */
  to: fc.integer({ min: 0, max: 14 }),
  podUid: maybe(PODS),
  stale: fc.boolean(),
  openedPerSecond: fc.constantFrom(0, 0.5, 3, 40),
  refusedPerSecond: fc.constantFrom(0, 0, 1),
  waiting: fc.constantFrom(0, 0, 2),
});

/** Cities in which anything may be missing: records come and go one by one, and edges outlive their ends. */
export const randomCity: fc.Arbitrary<City> = fc
  .record({
    nodes: mapOf(NODES, node),
    pods: mapOf(PODS, pod),
    services: some(SERVICES),
    backends: fc.array(backend, { maxLength: 10 }),
    edges: fc.array(edge, { maxLength: 25 }),
  })
  .map(({ nodes, pods, services, backends, edges }) => {
    const backendIds = backends.map(({ service, protocol }, i) => `${service}:main/${protocol}|10.0.0.${i}:80`);
    const told = edges.map(({ client, to, ...rest }): Edge => {
      const of = backends[to];
      const gone = `${SERVICES[0]}:main/TCP`;
      const [service, servicePort] = of
        ? [of.service, `${of.service}:main/${of.protocol}`]
        : to > 12
          ? [SERVICES[0] as string, gone]
          : ['', ''];
      const id = backendIds[to] ?? `${servicePort}|10.9.0.${to}:80`;
      const name = { kind: client.kind, id: `${client.kind}:${client.of}`, label: client.of, node: client.node };
      return { ...sample.edge, ...rest, client: name, service, servicePort, backend: id };
    });
    return {
      ...sample.city,
      load: new Map(),
      tick: new Map(),
      event: new Map(),
      namespace: new Map(NAMESPACES.map((name) => [name, { name }])),
      node: new Map(
        [...nodes].map(([name, { zone, state }]) => [name, { ...sample.node, name, zone, agent: { state } }]),
      ),
      pod: new Map([...pods].map(([uid, own]) => [uid, { ...sample.pod, ...own, uid, name: uid }])),
      service: new Map(
        services.map((id) => {
          const [namespace = '', name = ''] = id.split('/');
          return [id, { ...sample.service, namespace, name }];
        }),
      ),
      backend: new Map(
        backends.map(({ protocol, ...own }, i) => [
          backendIds[i] as string,
          { ...sample.backend, ...own, servicePort: `${own.service}:main/${protocol}`, address: `10.0.0.${i}` },
        ]),
      ),
      edge: new Map(told.map((one) => [edgeKey(one), one])),
    };
  });

export const randomFilter: fc.Arbitrary<Filter> = fc.record({
  namespaces: some(NAMESPACES),
  nodes: some(NODES),
  zones: some(ZONES),
  services: some(SERVICES),
  protocols: some(PROTOCOLS),
  states: some(FILTER_STATES),
  errors: fc.boolean(),
  barred: fc.boolean(),
  minRate: fc.constantFrom(0, 0, 0.5, 10),
});
