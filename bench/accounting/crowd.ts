import type { EdgeKey, EdgeRow, TableFigures } from '@kubecity/protocol';

/**
 * A cluster for the hub: `nodes` nodes with ten clients each, 40 Services of ten backends. A node has 20 pairs of Service
 * and backend that all of its clients call, spread so that with 200 nodes each Service has 1,000 edges.
 */
export const EDGES_PER_NODE = 200;
const CLIENTS_PER_NODE = 10;
const SERVICES = 40;
const BACKENDS = 10;
const NAMESPACE = 'crowd';

export const nodeName = (node: number) => `node-${node}`;
export const serviceKey = (service: number) => `${NAMESPACE}/service-${service}`;
const clientName = (node: number, index: number) => `client-${node}-${index}`;
const backendName = (service: number, index: number) => `backend-${service}-${index}`;
const clientAddress = (node: number, index: number) => `10.1.${node}.${index + 1}`;
const backendAddress = (service: number, index: number) => `10.2.${service}.${index + 1}`;
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** What the API server is told. */
export function crowdObjects(nodes: number): object[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    ...range(nodes).flatMap((node) => [
      {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: nodeName(node) },
        status: {
          addresses: [{ type: 'InternalIP', address: `172.18.0.${node + 1}` }],
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      },
      ...range(CLIENTS_PER_NODE).map((index) =>
        pod(clientName(node, index), nodeName(node), clientAddress(node, index)),
      ),
    ]),
    ...range(SERVICES).flatMap((service) => [
      ...range(BACKENDS).map((index) =>
        pod(backendName(service, index), nodeName(index % nodes), backendAddress(service, index)),
      ),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace: NAMESPACE, name: `service-${service}` },
        spec: {
          clusterIP: `10.96.0.${service + 1}`,
          clusterIPs: [`10.96.0.${service + 1}`],
          ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
        },
      },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          namespace: NAMESPACE,
          name: `service-${service}-4`,
          labels: { 'kubernetes.io/service-name': `service-${service}` },
        },
        addressType: 'IPv4',
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints: range(BACKENDS).map((index) => ({
          addresses: [backendAddress(service, index)],
          conditions: { ready: true },
          nodeName: nodeName(index % nodes),
          targetRef: { kind: 'Pod', namespace: NAMESPACE, name: backendName(service, index) },
        })),
      },
    ]),
  ];
}

export function edgeOf(node: number, edge: number): EdgeKey {
  const index = edge % CLIENTS_PER_NODE;
  const pair = Math.floor(edge / CLIENTS_PER_NODE);
  const service = (node + pair * 2) % SERVICES;
  const backend = backendName(service, pair % BACKENDS);
  const name = clientName(node, index);
  return {
    client: { kind: 'pod', uid: `uid-${name}`, namespace: NAMESPACE, name },
    servicePort: `${serviceKey(service)}:http/TCP`,
    backend: `${backendAddress(service, pair % BACKENDS)}:8080`,
    pod: { uid: `uid-${backend}`, namespace: NAMESPACE, name: backend },
  };
}

/** An edge after `second` seconds: every figure moves, not all by the same. */
export function rowOf(edge: number, second: number): EdgeRow {
  const pace = 1 + (edge % 7);
  const opened = pace * second;
  return [
    ...[edge, opened, Math.floor(second / 10), 0, opened * 6, opened * 700, opened * 5, opened * 4000],
    ...[pace + (second % 3), pace * 2, second % 2, 0, 0],
  ] as unknown as EdgeRow;
}

export const crowdTable: TableFigures = {
  ...{ entries: 5000, max: 262_144, insertFailed: 0, dropped: 0, earlyDropped: 0, withoutCounters: 0 },
  ...{ lostDumps: 0, lostEvents: 0, endedUnseen: 0, elsewhere: 3, unexplained: 0, folded: 0 },
  ...{ dumpMilliseconds: 20, periodMilliseconds: 1000 },
};

function pod(name: string, node: string, address: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: NAMESPACE, name, uid: `uid-${name}`, labels: { app: name.replace(/-\d+$/, '') } },
    spec: { nodeName: node, containers: [] },
    status: {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}
