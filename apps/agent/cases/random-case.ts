import { type Family, familyOf, socketText } from '@kubecity/routing';
import type { Ending } from './expectation.ts';
import type { Flow, PacketCase } from './packet-case.ts';
import { walkPlayer } from './player.ts';
import { program } from './programming.ts';
import { RandomSource } from './random-source.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
const NODE = 'node-a';
const WORLD = {
  IPv4: {
    node: '192.168.10.11',
    clusterIP: (n: number) => `10.96.0.${n}`,
    balancer: (n: number) => `192.0.2.${n}`,
    endpoint: (node: number, n: number) => `10.244.${node}.${n}`,
    pod: '10.244.1.200',
    outside: ['203.0.113.7', '192.168.10.77'],
    ranges: ['192.168.10.0/24', '198.51.100.0/24'],
    externalIPs: ['198.51.100.20', '198.51.100.21'],
  },
  IPv6: {
    node: '2001:db8:10::11',
    clusterIP: (n: number) => `fd00:96::${n}`,
    balancer: (n: number) => `2001:db8:2::${n}`,
    endpoint: (node: number, n: number) => `fd00:244:0:${node}::${n}`,
    pod: 'fd00:244:0:1::c8',
    outside: ['2001:db8:f00::7', '2001:db8:10::77'],
    ranges: ['2001:db8:10::/64', '2001:db8:77::/48'],
    externalIPs: ['2001:db8:99::1', '2001:db8:99::2'],
  },
} as const;

type Service = PacketCase['services'][number] & { spec: Record<string, unknown> & { ports: Port[] } };
interface Port {
  name: string;
  protocol: (typeof PROTOCOLS)[number];
  port: number;
  nodePort?: number;
}

/**
 * Services with every kind of door in both families, and packets from every kind of client to each of them. What is
 * expected is what the packet walk says of our rules, so that a kernel and another programmer of rules can be asked for
 * their opinion. Equal seeds make equal cases.
 */
export async function randomCase(seed: number, size = 40): Promise<PacketCase> {
  const random = new RandomSource(seed);
  const services = Array.from({ length: size }, (_, i) => service(random, i + 1));
  const endpointSlices = services.flatMap((each, i) => slices(random, each, i + 1));
  const addresses = [WORLD.IPv4.node, WORLD.IPv6.node];
  const without: PacketCase = {
    id: `random-${seed}`,
    title: '',
    modes: ['iptables'],
    nodeName: NODE,
    primaryNodeIPs: addresses,
    nodeIPs: [...addresses, '192.168.20.11'],
    nodeLabels: random.chance(0.5) ? { 'topology.kubernetes.io/zone': 'z1' } : {},
    config: {
      masqueradeAll: random.chance(0.2),
      localDetect: { mode: 'ClusterCIDR', clusterCIDRs: ['10.244.0.0/16', 'fd00:244::/48'] },
      nodePortAddresses: random.chance(0.3) ? ['192.168.10.0/24', '2001:db8:10::/64'] : [],
      localhostNodePorts: random.chance(0.7),
    },
    services,
    endpointSlices,
    flows: services.flatMap((each) => flows(random, each, endpointSlices)),
  };
  return withExpectations(without);
}

function service(random: RandomSource, n: number): Service {
  const families = random.pick<Family[]>([['IPv4'], ['IPv6'], ['IPv4', 'IPv6']]);
  const type = random.pick(['ClusterIP', 'NodePort', 'LoadBalancer']);
  const isOpen = type !== 'ClusterIP';
  const external = random.pick(['Cluster', 'Local']);
  const balanced = type === 'LoadBalancer';
  const clusterIPs = families.map((family) => WORLD[family].clusterIP(n));
  // Each external address has a port of its own at each Service, so that none stands in the way of another.
  const ports = random.some(PROTOCOLS).map((protocol, i) => ({
    name: protocol.toLowerCase(),
    protocol,
    port: 1000 + 10 * n + i,
    targetPort: 8080,
    ...(isOpen && { nodePort: 30_000 + 10 * n + i }),
  }));
  return {
    metadata: { namespace: 'demo', name: `s${n}` },
    spec: {
      type,
      clusterIP: clusterIPs[0],
      clusterIPs,
      ipFamilies: families,
      ports,
      internalTrafficPolicy: random.pick(['Cluster', 'Local']),
      ...(isOpen && { externalTrafficPolicy: external }),
      ...(random.chance(0.4) && { externalIPs: families.map((family) => random.pick(WORLD[family].externalIPs)) }),
      ...(random.chance(0.3) && {
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
      }),
      ...(balanced &&
        random.chance(0.5) && {
          loadBalancerSourceRanges: families.flatMap((family) => random.some(WORLD[family].ranges)),
        }),
      ...(balanced && external === 'Local' && { healthCheckNodePort: 32_000 + n }),
    },
    ...(balanced && {
      status: { loadBalancer: { ingress: families.map((family) => ({ ip: WORLD[family].balancer(n) })) } },
    }),
  };
}

/** Up to five endpoints a family, in every state; every fourth Service has none. */
function slices(random: RandomSource, { metadata, spec }: Service, n: number): PacketCase['endpointSlices'] {
  return (spec.ipFamilies as Family[]).map((family) => {
    const isHinted = random.chance(0.3);
    const states = random.pick([['ready'], ['ready', 'unready', 'draining'], ['draining', 'unready']]);
    const count = random.chance(0.25) ? 0 : random.below(5) + 1;
    return {
      metadata: {
        namespace: metadata.namespace,
        name: `${metadata.name}-${family.toLowerCase()}`,
        labels: { 'kubernetes.io/service-name': metadata.name },
      },
      addressType: family,
      ports: spec.ports.map(({ name, protocol }) => ({ name, protocol, port: 8080 })),
      endpoints: Array.from({ length: count }, (_, i) => {
        const node = random.below(2) + 1;
        return {
          addresses: [WORLD[family].endpoint(node, 10 + ((5 * n + i) % 80))],
          conditions: conditions(random.pick(states)),
          nodeName: `node-${'ab'[node - 1]}`,
          ...(isHinted && { hints: { forZones: random.some(['z1', 'z2']).map((name) => ({ name })) } }),
        };
      }),
    };
  });
}

function conditions(state: string) {
  return { ready: state === 'ready', serving: state !== 'unready', terminating: state === 'draining' };
}

function flows(random: RandomSource, each: Service, all: PacketCase['endpointSlices']): Flow[] {
  const { spec, metadata, status } = each;
  const ingress = (status as { loadBalancer: { ingress: { ip: string }[] } } | undefined)?.loadBalancer.ingress ?? [];
  const addresses = [
    ...(spec.clusterIPs as string[]),
    ...((spec.externalIPs as string[] | undefined) ?? []),
    ...ingress.map(({ ip }) => ip),
  ];
  const endpoints = all
    .filter(
      (slice) => (slice.metadata.labels as Record<string, string>)['kubernetes.io/service-name'] === metadata.name,
    )
    .flatMap((slice) => slice.endpoints as { addresses: string[]; nodeName: string }[]);
  const own = spec.ipFamilies as Family[];
  return spec.ports.flatMap(({ protocol, port, nodePort }) => {
    const doors = [
      ...addresses.map((ip) => ({ ip, port, proto: protocol })),
      // A neighbour's port, which nobody has there.
      { ip: addresses[0] as string, port: port + 5, proto: protocol },
      ...(nodePort === undefined
        ? []
        : [
            ...own.map((family) => WORLD[family].node),
            ...(own.includes('IPv4') ? ['192.168.20.11', '127.0.0.1'] : []),
          ].map((ip) => ({ ip, port: nodePort, proto: protocol }))),
      ...(spec.healthCheckNodePort === undefined || protocol !== 'TCP'
        ? []
        : own.map((family) => ({ ip: WORLD[family].node, port: spec.healthCheckNodePort as number, proto: protocol }))),
    ];
    return doors.flatMap((to) =>
      clients(to.ip, endpoints).map((from): Flow => {
        const family = familyOf(to.ip);
        const backends = endpoints.filter(({ addresses: [ip = ''] }) => familyOf(ip) === family);
        const known = backends.length > 0 && random.chance(0.5) ? random.pick(backends).addresses[0] : undefined;
        const history =
          known === undefined ? [] : [{ from: { ip: from.ip }, backend: socketText(known, 8080), ageSeconds: 30 }];
        return { from, to, expect: { verdict: 'none', backends: [], masquerade: false }, history };
      }),
    );
  });
}

/** A pod of this node, a pod that is an endpoint itself, the node, and two outside, one of them within source ranges. */
function clients(to: string, endpoints: readonly { addresses: string[]; nodeName: string }[]): Flow['from'][] {
  if (to.startsWith('127.')) return [{ ip: to, kind: 'node' }];
  const family = familyOf(to);
  const self = endpoints.find(({ addresses: [ip = ''], nodeName }) => nodeName === NODE && familyOf(ip) === family);
  return [
    { ip: WORLD[family].pod, kind: 'pod' },
    ...(self ? [{ ip: self.addresses[0] as string, kind: 'pod' as const }] : []),
    { ip: WORLD[family].node, kind: 'node' },
    ...WORLD[family].outside.map((ip) => ({ ip, kind: 'external' as const })),
  ];
}

async function withExpectations(each: PacketCase): Promise<PacketCase> {
  const programming = program(each);
  const flows: Flow[] = [];
  for (const flow of each.flows) {
    flows.push({ ...flow, expect: expectationOf(await walkPlayer.play(each, programming, flow)) });
  }
  return { ...each, flows };
}

function expectationOf(endings: readonly Ending[]): Flow['expect'] {
  const [first] = endings;
  if (!first || endings.some(({ kind }) => kind !== first.kind)) throw new Error('the walk ends in several ways');
  const to = (ending: Ending) => ending.to as string;
  return {
    verdict: first.kind,
    backends: first.kind === 'dnat' ? [...new Set(endings.map(to))] : [],
    masquerade: first.masquerade,
    ...(first.kind === 'dnat' && {
      masqueradePerBackend: Object.fromEntries(endings.map((ending) => [to(ending), ending.masquerade])),
    }),
  };
}
