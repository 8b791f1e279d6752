import type { DirectoryChange } from '@kubecity/conntrack';
import { emptyFlowRow, type FlowRow, IP_PROTOCOL, STATUS, TCP_STATE } from '@kubecity/conntrack';

/**
 * The cluster of the bench as one node sees it: 200 pods here call 100 Services of ten backends each elsewhere, every fifth
 * over IPv6. A client has its Service and half of the backends, so 1,000 edges; one more Service is for marks.
 */
export const NODE = 'bench-node';
const FAR_NODE = 'far-node';
const NAMESPACE = 'bench';
const SERVICES = 100;
const CLIENTS = 200;
const BACKENDS = 10;
const PORTS_PER_CLIENT = 64_000;
const MARK_SERVICE = SERVICES;
const MARK_CLIENT = CLIENTS;
/** Of the clients, both families: nobody masquerades them. */
export const POD_RANGES = '10.0.0.0/14,fd00::/30';

const client = {
  4: (n: number) => `10.1.${n >> 8}.${(n & 255) + 1}`,
  6: (n: number) => `fd00:1::${(n + 1).toString(16)}`,
};
const vip = { 4: (n: number) => `10.96.0.${n + 1}`, 6: (n: number) => `fd00:96::${(n + 1).toString(16)}` };
const backend = {
  4: (n: number) => `10.2.${n >> 8}.${(n & 255) + 1}`,
  6: (n: number) => `fd00:2::${(n + 1).toString(16)}`,
};
const backendNumber = (service: number, index: number) => service * BACKENDS + index;
const serviceName = (service: number) => (service === MARK_SERVICE ? 'mark' : `service-${service}`);
const portKey = (service: number) => `${NAMESPACE}/${serviceName(service)}:http/TCP`;
export const MARK_PORT = portKey(MARK_SERVICE);

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** What the API server is told. */
export function clusterObjects(): object[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    node(NODE, ['192.168.10.1', 'fd00:18::1']),
    node(FAR_NODE, ['192.168.10.2', 'fd00:18::2']),
    ...range(CLIENTS + 1).map((n) => pod(`client-${n}`, NODE, [client[4](n), client[6](n)])),
    ...range(SERVICES + 1).flatMap((n) => [
      ...range(BACKENDS).map((index) => backendPod(n, index)),
      service(n),
      slice(n, 4),
      slice(n, 6),
    ]),
  ];
}

/** The same for a directory without an API server. */
export function directoryChanges(): DirectoryChange[] {
  const pods = [
    ...range(CLIENTS + 1).map((n) => ({ name: `client-${n}`, node: NODE, addresses: [client[4](n), client[6](n)] })),
    ...range(SERVICES + 1).flatMap((s) =>
      range(BACKENDS).map((index) => {
        const number = backendNumber(s, index);
        return { name: `backend-${number}`, node: FAR_NODE, addresses: [backend[4](number), backend[6](number)] };
      }),
    ),
  ];
  return [
    { kind: 'node', name: NODE, value: { name: NODE, addresses: ['192.168.10.1', 'fd00:18::1'] } },
    { kind: 'node', name: FAR_NODE, value: { name: FAR_NODE, addresses: ['192.168.10.2', 'fd00:18::2'] } },
    ...pods.map((each): DirectoryChange => {
      const uid = `uid-${each.name}`;
      return { kind: 'pod', uid, value: { uid, namespace: NAMESPACE, hostNetwork: false, finished: false, ...each } };
    }),
    ...range(SERVICES + 1).flatMap((n) =>
      ([4, 6] as const).map((family): DirectoryChange => {
        const value = { key: portKey(n), protocol: 'TCP' as const, port: 80, addresses: [vip[family](n)] };
        return { kind: 'servicePort', id: `${portKey(n)}@${family}`, value };
      }),
    ),
  ];
}

/** Connection `index`: established, as if it had begun long ago and would go on. */
export function connection(index: number): FlowRow {
  const number = index % CLIENTS;
  const turn = Math.floor(index / CLIENTS);
  return flow(number, number % SERVICES, turn % (BACKENDS / 2), 1024 + (turn % PORTS_PER_CLIENT));
}

/** A connection that is over already: its entry lives as long as that of a reset one. */
export function shortConnection(index: number): FlowRow {
  return { ...connection(index), tcpState: TCP_STATE.close, timeout: SHORT_LIFE_SECONDS };
}
export const SHORT_LIFE_SECONDS = 10;

/** Each is the next connection on the one edge of service port `MARK_PORT`. */
export function mark(index: number): FlowRow {
  return { ...flow(MARK_CLIENT, MARK_SERVICE, 0, 1024 + index), timeout: 600 };
}

function flow(clientNumber: number, serviceNumber: number, backendIndex: number, sourcePort: number): FlowRow {
  const family = clientNumber % 5 === 4 ? 6 : 4;
  const row = { ...emptyFlowRow(), family, protocol: IP_PROTOCOL.tcp, sourcePort, destinationPort: 80 } as const;
  const places = [
    client[family](clientNumber),
    vip[family](serviceNumber),
    backend[family](backendNumber(serviceNumber, backendIndex)),
    client[family](clientNumber),
  ];
  for (const [place, address] of places.entries()) row.words.set(wordsOf(address), place * 4);
  return {
    ...row,
    replySourcePort: 8080,
    replyDestinationPort: sourcePort,
    status: STATUS.seenReply | STATUS.assured,
    tcpState: TCP_STATE.established,
    timeout: 3600,
  };
}

const known = new Map<string, readonly number[]>();

/** Only of addresses as they are made here: four decimals, or two groups, `::`, one group. */
function wordsOf(address: string): readonly number[] {
  const words = known.get(address) ?? readWords(address);
  known.set(address, words);
  return words;
}

function readWords(address: string): readonly number[] {
  const [head = '', tail = ''] = address.split('::');
  if (tail === '') return [address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)];
  const [first = '', second = ''] = head.split(':');
  return [Number.parseInt(first, 16) * 0x10000 + Number.parseInt(second, 16), 0, 0, Number.parseInt(tail, 16)];
}

function node(name: string, addresses: readonly string[]): object {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
  };
}

function pod(name: string, nodeName: string, addresses: readonly string[]): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: NAMESPACE, name, uid: `uid-${name}` },
    spec: { nodeName, containers: [] },
    status: { phase: 'Running', podIP: addresses[0], podIPs: addresses.map((ip) => ({ ip })) },
  };
}

function backendPod(serviceNumber: number, index: number): object {
  const number = backendNumber(serviceNumber, index);
  return pod(`backend-${number}`, FAR_NODE, [backend[4](number), backend[6](number)]);
}

function service(number: number): object {
  const clusterIPs = [vip[4](number), vip[6](number)];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: NAMESPACE, name: serviceName(number) },
    spec: {
      ...{ clusterIP: clusterIPs[0], clusterIPs, ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' },
      ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
    },
  };
}

function slice(number: number, family: 4 | 6): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: NAMESPACE,
      name: `${serviceName(number)}-${family}`,
      labels: { 'kubernetes.io/service-name': serviceName(number) },
    },
    addressType: `IPv${family}`,
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: range(BACKENDS).map((index) => ({
      addresses: [backend[family](backendNumber(number, index))],
      conditions: { ready: true },
      nodeName: FAR_NODE,
      targetRef: { kind: 'Pod', namespace: NAMESPACE, name: `backend-${backendNumber(number, index)}` },
    })),
  };
}
