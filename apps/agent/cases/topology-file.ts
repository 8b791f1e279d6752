import { familyOf } from '@kubecity/routing';
import { z } from 'zod';
import { address, backend, name, port } from './fields.ts';
import type { Flow, PacketCase } from './packet-case.ts';

const list = z.array(backend).nullable();
const servicePort = z.looseObject({
  name: z.string().optional(),
  port,
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).default('TCP'),
  nodePort: port.optional(),
});

const topologyCase = z.looseObject({
  id: name,
  title: z.string().default(''),
  nodeName: name,
  nodeLabels: z.record(z.string(), z.string()).default({}),
  featureGates: z.record(z.string(), z.boolean()).optional(),
  serviceSpec: z.looseObject({
    type: name.default('ClusterIP'),
    internalTrafficPolicy: z.enum(['Cluster', 'Local']).default('Cluster'),
    externalTrafficPolicy: z.enum(['Cluster', 'Local']).default('Cluster'),
    externalIPs: z.array(address).optional(),
    ports: z.array(servicePort).min(1),
  }),
  endpoints: z.array(
    z.looseObject({
      endpoint: backend,
      ready: z.boolean().nullish(),
      serving: z.boolean().nullish(),
      terminating: z.boolean().nullish(),
      nodeName: name.nullish(),
      zone: name.nullish(),
      zoneHints: z.array(name).default([]),
      nodeHints: z.array(name).default([]),
    }),
  ),
  expect: z.looseObject({
    clusterEndpoints: list,
    localEndpoints: list,
    allEndpoints: list.optional(),
    hasAnyEndpoints: z.boolean(),
  }),
});

export const topologyFile = z.looseObject({ cases: z.array(topologyCase) });

type TopologyCase = z.infer<typeof topologyCase>;
type Lists = TopologyCase['expect'];

/** Cases about lists of endpoints have a serviceSpec where cases about packets have services and flows. */
export function isTopologyFile(json: unknown): boolean {
  const cases = (json as { cases?: unknown } | null)?.cases;
  return Array.isArray(cases) && cases.length > 0 && cases.every((each) => each?.serviceSpec !== undefined);
}

/** Addresses that the file leaves open, by family. */
const WORLD = {
  IPv4: { clusterIP: '10.96.0.10', node: '192.168.10.11', pod: '10.244.1.200', outside: '203.0.113.7' },
  IPv6: { clusterIP: 'fd00:96::10', node: '2001:db8:10::11', pod: 'fd00:244:0:1::c8', outside: '2001:db8:f00::7' },
} as const;
const POD_CIDRS = ['10.244.0.0/16', 'fd00:244::/48'];

/**
 * Which endpoints a node may use, told by packets: one to each door of the Service from each kind of client. A pod of the
 * node calls the cluster IP and shows the list of the internal policy; the doors outside show the list of the external one
 * to strangers and, with policy Local, the cluster list to insiders.
 */
export function casesOfTopology(file: z.infer<typeof topologyFile>): PacketCase[] {
  return file.cases.map((each) => {
    const family = familyOf(hostOf(each.endpoints[0]?.endpoint ?? ''));
    const flows = flowsOf(each);
    const reason = inexpressible(each);
    return {
      id: each.id,
      title: each.title,
      modes: ['iptables', 'nftables'],
      nodeName: each.nodeName,
      primaryNodeIPs: [WORLD[family].node],
      nodeIPs: [WORLD[family].node],
      nodeLabels: each.nodeLabels,
      config: {
        masqueradeAll: false,
        localDetect: { mode: 'ClusterCIDR', clusterCIDRs: POD_CIDRS },
        nodePortAddresses: [],
        localhostNodePorts: true,
      },
      services: [
        {
          metadata: { namespace: 'demo', name: 'topology' },
          spec: {
            clusterIP: WORLD[family].clusterIP,
            clusterIPs: [WORLD[family].clusterIP],
            ipFamilies: [family],
            ...each.serviceSpec,
          },
        },
      ],
      endpointSlices: slicesOf(each, family),
      flows,
      ...(reason !== undefined && { inexpressible: reason }),
    };
  });
}

/** What the gates of kube-proxy 1.36 leave no switch for. */
function inexpressible({ featureGates }: TopologyCase): string | undefined {
  const off = Object.entries(featureGates ?? {}).find(([, on]) => !on);
  return off && `needs feature gate ${off[0]} off, which Kubernetes 1.35 and later lock on`;
}

/** One slice for each port number that endpoints have. */
function slicesOf({ endpoints, serviceSpec }: TopologyCase, family: 'IPv4' | 'IPv6'): PacketCase['endpointSlices'] {
  const byPort = Map.groupBy(endpoints, ({ endpoint }) => Number(endpoint.slice(endpoint.lastIndexOf(':') + 1)));
  return [...byPort].map(([port, members]) => ({
    metadata: { namespace: 'demo', name: `topology-${port}`, labels: { 'kubernetes.io/service-name': 'topology' } },
    addressType: family,
    ports: serviceSpec.ports.map((each) => ({ name: each.name ?? '', protocol: each.protocol, port })),
    endpoints: members.map((member) => ({
      addresses: [hostOf(member.endpoint)],
      conditions: conditionsOf(member),
      ...(member.nodeName && { nodeName: member.nodeName }),
      ...(member.zone && { zone: member.zone }),
      hints: {
        ...(member.zoneHints.length > 0 && { forZones: member.zoneHints.map((zone) => ({ name: zone })) }),
        ...(member.nodeHints.length > 0 && { forNodes: member.nodeHints.map((node) => ({ name: node })) }),
      },
    })),
  }));
}

function conditionsOf({ ready, serving, terminating }: TopologyCase['endpoints'][number]) {
  return Object.fromEntries(
    Object.entries({ ready, serving, terminating }).filter(([, value]) => typeof value === 'boolean'),
  );
}

function flowsOf({ endpoints, serviceSpec, expect }: TopologyCase): Flow[] {
  const world = WORLD[familyOf(hostOf(endpoints[0]?.endpoint ?? ''))];
  const pod = { ip: world.pod, kind: 'pod' } as const;
  const outside = { ip: world.outside, kind: 'external' } as const;
  const { internalTrafficPolicy, externalTrafficPolicy } = serviceSpec;
  const internal = internalTrafficPolicy === 'Local' ? expect.localEndpoints : expect.clusterEndpoints;
  return serviceSpec.ports.flatMap((port) => {
    const doors = [
      ...(port.nodePort === undefined ? [] : [{ ip: world.node, port: port.nodePort, proto: port.protocol }]),
      ...(serviceSpec.externalIPs ?? []).map((ip) => ({ ip, port: port.port, proto: port.protocol })),
    ];
    return [
      flow(
        pod,
        { ip: world.clusterIP, port: port.port, proto: port.protocol },
        expect,
        internal,
        internalTrafficPolicy,
        false,
      ),
      ...doors.flatMap((door) =>
        externalTrafficPolicy === 'Local'
          ? [
              flow(outside, door, expect, expect.localEndpoints, 'Local', false),
              // Insiders are not sent away when no endpoint is here.
              ...(expect.clusterEndpoints?.length
                ? [flow(pod, door, expect, expect.clusterEndpoints, 'Cluster', false)]
                : []),
            ]
          : [outside, pod].map((client) => flow(client, door, expect, expect.clusterEndpoints, 'Cluster', true)),
      ),
    ];
  });
}

function flow(
  from: Flow['from'],
  to: Flow['to'],
  { hasAnyEndpoints }: Lists,
  backends: readonly string[] | null,
  policy: 'Cluster' | 'Local',
  masquerade: boolean,
): Flow {
  const served = backends !== null && backends.length > 0;
  const refusal = policy === 'Local' && hasAnyEndpoints ? 'drop' : 'reject';
  return {
    from,
    to,
    expect: { verdict: served ? 'dnat' : refusal, backends: [...(backends ?? [])], masquerade: served && masquerade },
    history: [],
  };
}

/** `[fd00::1]:80` → `fd00::1` */
function hostOf(socket: string): string {
  return socket.slice(0, socket.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
