import {
  type KubeEndpointSlice,
  type KubeRoutingOverride,
  type KubeService,
  type NodeIdentity,
  RoutingTracker,
} from '@kubecity/routing';
import fc from 'fast-check';

/** What may happen to a city, in both families and with every kind of door. Few names, so that things meet again. */
export type CityEvent =
  | { readonly kind: 'service'; readonly object: KubeService }
  | { readonly kind: 'noService'; readonly name: string }
  | { readonly kind: 'slice'; readonly object: KubeEndpointSlice }
  | { readonly kind: 'noSlice'; readonly name: string }
  | { readonly kind: 'override'; readonly object: KubeRoutingOverride }
  | { readonly kind: 'noOverride'; readonly name: string }
  | { readonly kind: 'node'; readonly node: NodeIdentity };

const number = fc.integer({ min: 1, max: 8 });
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const nodes = fc.constantFrom('node-a', 'node-b');
const zones = fc.constantFrom('z1', 'z2');

const service = fc
  .record({
    n: number,
    type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
    families: fc.constantFrom(['IPv4'], ['IPv6'], ['IPv4', 'IPv6']),
    internal: fc.constantFrom('Cluster', 'Local'),
    external: fc.constantFrom('Cluster', 'Local'),
    sticky: maybe(fc.integer({ min: 1, max: 86_400 })),
    externalIP: maybe(fc.constantFrom('198.51.100.20', '198.51.100.21', '2001:db8:99::1')),
    ranges: maybe(fc.subarray(['192.168.10.0/24', '203.0.113.0/25', '2001:db8::/32'], { minLength: 1 })),
    ports: fc.subarray(['TCP', 'UDP', 'SCTP'], { minLength: 1 }),
  })
  .map(({ n, type, families, internal, external, sticky, externalIP, ranges, ports }): KubeService => {
    const clusterIPs = families.map((family) => (family === 'IPv4' ? `10.96.0.${n}` : `fd00:96::${n}`));
    const open = type !== 'ClusterIP';
    return {
      metadata: { namespace: 'shop', name: `s${n}` },
      spec: {
        type,
        clusterIP: clusterIPs[0] ?? '',
        clusterIPs,
        ipFamilies: families,
        ports: ports.map((protocol, i) => ({
          name: protocol.toLowerCase(),
          protocol,
          port: 80 + i,
          ...(open && { nodePort: 30_000 + 10 * n + i }),
        })),
        internalTrafficPolicy: internal,
        ...(open && { externalTrafficPolicy: external }),
        ...(externalIP !== undefined && { externalIPs: [externalIP] }),
        ...(sticky !== undefined && {
          sessionAffinity: 'ClientIP',
          sessionAffinityConfig: { clientIP: { timeoutSeconds: sticky } },
        }),
        ...(type === 'LoadBalancer' && {
          ...(ranges && { loadBalancerSourceRanges: ranges }),
          ...(external === 'Local' && { healthCheckNodePort: 31_000 + n }),
        }),
      },
      ...(type === 'LoadBalancer' && {
        status: { loadBalancer: { ingress: [{ ip: `192.0.2.${n}` }, { ip: `2001:db8:2::${n}` }] } },
      }),
    };
  });

const endpoint = (family: string) =>
  fc
    .record({
      octet: fc.integer({ min: 1, max: 30 }),
      node: nodes,
      zone: maybe(zones),
      state: fc.integer({ min: 0, max: 5 }),
    })
    .map(({ octet, node, zone, state }) => ({
      addresses: [family === 'IPv4' ? `10.244.1.${octet}` : `fd00:244:0:1::${octet.toString(16)}`],
      nodeName: node,
      conditions: state === 0 ? { ready: false, serving: true, terminating: true } : { ready: state !== 1 },
      targetRef: { kind: 'Pod', namespace: 'shop', name: `p${octet}` },
      ...(zone !== undefined && { zone, hints: { forZones: [{ name: zone }] } }),
    }));

const slice = fc
  .record({ n: number, family: fc.constantFrom('IPv4', 'IPv6'), part: fc.constantFrom(1, 2) })
  .chain(({ n, family, part }) =>
    fc.array(endpoint(family), { maxLength: 24 }).map(
      (endpoints): KubeEndpointSlice => ({
        metadata: {
          namespace: 'shop',
          name: `s${n}-${family.toLowerCase()}-${part}`,
          labels: { 'kubernetes.io/service-name': `s${n}` },
        },
        addressType: family,
        ports: ['tcp', 'udp', 'sctp'].map((name) => ({ name, protocol: name.toUpperCase(), port: 8080 })),
        endpoints,
      }),
    ),
  );

const override = fc
  .record({
    n: number,
    pod: fc.integer({ min: 1, max: 30 }),
    wish: fc.constantFrom(
      { weight: 0 },
      { weight: 10 },
      { weight: 1000 },
      { drain: {} },
      { drain: { sticky: 'keep' } },
    ),
  })
  .map(
    ({ n, pod, wish }): KubeRoutingOverride => ({
      metadata: {
        namespace: 'shop',
        name: `o${n}-${pod % 3}`,
        uid: `o${n}-${pod % 3}`,
        creationTimestamp: '2026-11-22T10:00:00Z',
      },
      spec: { service: `s${n}`, backends: { podNames: [`p${pod}`, `p${pod + 1}`] }, ...wish },
    }),
  );

export const cityEvents: fc.Arbitrary<CityEvent[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: service.map((object) => ({ kind: 'service', object }) as const) },
    { weight: 6, arbitrary: slice.map((object) => ({ kind: 'slice', object }) as const) },
    { weight: 2, arbitrary: override.map((object) => ({ kind: 'override', object }) as const) },
    { weight: 1, arbitrary: number.map((n) => ({ kind: 'noService', name: `s${n}` }) as const) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(number, fc.constantFrom('ipv4-1', 'ipv4-2', 'ipv6-1'))
        .map(([n, part]) => ({ kind: 'noSlice', name: `s${n}-${part}` }) as const),
    },
    { weight: 1, arbitrary: number.map((n) => ({ kind: 'noOverride', name: `o${n}-1` }) as const) },
    { weight: 1, arbitrary: zones.map((zone) => ({ kind: 'node', node: { name: 'node-a', zone } }) as const) },
  ),
  { minLength: 1, maxLength: 40 },
);

/** The events so far, kept as objects, and a tracker that saw them one by one. */
export class RandomCity {
  readonly tracker = new RoutingTracker({ name: 'node-a' });
  readonly #services = new Map<string, KubeService>();
  readonly #slices = new Map<string, KubeEndpointSlice>();
  readonly #overrides = new Map<string, KubeRoutingOverride>();
  #node: NodeIdentity = { name: 'node-a' };

  apply(event: CityEvent): void {
    const gone = (name: string) => ({ metadata: { namespace: 'shop', name } });
    switch (event.kind) {
      case 'service':
        this.#services.set(event.object.metadata.name, event.object);
        this.tracker.setService(event.object);
        break;
      case 'noService':
        this.#services.delete(event.name);
        this.tracker.deleteService(gone(event.name));
        break;
      case 'slice':
        this.#slices.set(event.object.metadata.name, event.object);
        this.tracker.setEndpointSlice(event.object);
        break;
      case 'noSlice':
        this.#slices.delete(event.name);
        this.tracker.deleteEndpointSlice(gone(event.name));
        break;
      case 'override':
        this.#overrides.set(event.object.metadata.name, event.object);
        this.tracker.setOverride(event.object);
        break;
      case 'noOverride':
        this.#overrides.delete(event.name);
        this.tracker.deleteOverride(gone(event.name));
        break;
      case 'node':
        this.#node = event.node;
        this.tracker.setNode(event.node);
        break;
    }
  }

  /** A tracker that sees only what is left of it all. */
  anew(): RoutingTracker {
    const tracker = new RoutingTracker(this.#node);
    for (const service of this.#services.values()) tracker.setService(service);
    for (const slice of this.#slices.values()) tracker.setEndpointSlice(slice);
    for (const override of this.#overrides.values()) tracker.setOverride(override);
    return tracker;
  }
}
