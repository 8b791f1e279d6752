import type { EdgeFrame, EdgeKey, EdgeRow, RulesReport } from '@kubecity/protocol';
import type { KubeEndpointSlice, KubeNode, KubePod, KubeRoutingOverride, KubeService } from '@kubecity/routing';

/** Short makers of objects and reports for the tests of the hub: namespace `shop` throughout. */

const meta = (name: string, more: object = {}) => ({ namespace: 'shop', name, uid: `uid-${name}`, ...more });

export const namespace = (name: string) => ({ metadata: { name, uid: `uid-${name}` } });

export const node = (name: string, zone = 'zone-1'): KubeNode => ({
  metadata: { name, uid: `uid-${name}`, labels: { 'topology.kubernetes.io/zone': zone } },
  status: {
    addresses: [
      { type: 'InternalIP', address: '192.0.2.1' },
      { type: 'Hostname', address: name },
    ],
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});

export const pod = (name: string, ip: string, nodeName = 'node-a', labels: Record<string, string> = {}): KubePod => ({
  metadata: meta(name, { labels }),
  spec: { nodeName },
  status: { phase: 'Running', podIP: ip, conditions: [{ type: 'Ready', status: 'True' }] },
});

export const service = (
  name: string,
  clusterIP = '10.96.0.10',
  ports: { name: string; port: number }[] = [{ name: 'http', port: 80 }],
): KubeService => ({
  metadata: meta(name),
  spec: { type: 'ClusterIP', clusterIP, ports },
});

export interface SliceMember {
  readonly pod?: string;
  readonly ip: string;
  readonly ready?: boolean;
}

export const slice = (
  name: string,
  members: readonly SliceMember[],
  ports = [{ name: 'http', port: 8080 }],
): KubeEndpointSlice => ({
  metadata: meta(`${name}-x1`, { labels: { 'kubernetes.io/service-name': name } }),
  addressType: 'IPv4',
  ports,
  endpoints: members.map(({ pod, ip, ready = true }) => ({
    addresses: [ip],
    conditions: { ready },
    nodeName: 'node-a',
    ...(pod && { targetRef: { kind: 'Pod', namespace: 'shop', name: pod, uid: `uid-${pod}` } }),
  })),
});

/** Service cart in both families: the pods of `cart` with a second address each. */
export const dualCart = () => {
  const v4 = service('cart');
  const v6 = slice('cart', [
    { pod: 'cart-1', ip: 'fd00::1' },
    { pod: 'cart-2', ip: 'fd00::2' },
  ]);
  return {
    services: [
      {
        ...v4,
        spec: { ...v4.spec, ipFamilies: ['IPv4', 'IPv6'], clusterIPs: ['10.96.0.10', 'fd00:96::10'] },
      },
    ],
    endpointSlices: [
      ...cart.endpointSlices,
      { ...v6, metadata: { ...v6.metadata, name: 'cart-x6' }, addressType: 'IPv6' },
    ],
    pods: cart.pods,
  };
};

export const override = (name: string, spec: unknown, more: object = {}): KubeRoutingOverride => ({
  metadata: meta(name, { generation: 1, creationTimestamp: '2026-11-22T10:00:00Z', resourceVersion: '7', ...more }),
  spec,
});

export const cartPort = 'shop/cart:http/TCP';
export const cart1 = `${cartPort}|10.0.0.1:8080`;
export const cart2 = `${cartPort}|10.0.0.2:8080`;

/** Service cart with pods cart-1 and cart-2. */
export const cart = {
  services: [service('cart')],
  endpointSlices: [
    slice('cart', [
      { pod: 'cart-1', ip: '10.0.0.1' },
      { pod: 'cart-2', ip: '10.0.0.2' },
    ]),
  ],
  pods: [pod('cart-1', '10.0.0.1'), pod('cart-2', '10.0.0.2')],
};

export const webToCart1: EdgeKey = {
  client: { kind: 'pod', uid: 'uid-web-1', namespace: 'shop', name: 'web-1' },
  servicePort: cartPort,
  backend: '10.0.0.1:8080',
};

export const table: EdgeFrame['table'] = {
  entries: 10,
  max: 1000,
  insertFailed: 0,
  dropped: 0,
  earlyDropped: 0,
  withoutCounters: 0,
  lostDumps: 0,
  lostEvents: 0,
  endedUnseen: 0,
  elsewhere: 0,
  unexplained: 0,
  folded: 0,
  dumpMilliseconds: 1,
  periodMilliseconds: 1000,
};

/** A frame whose rows are `[id, opened, …]`, the rest of each row zero. */
export function edgeFrame(seq: number, at: number, rows: number[][], more: Partial<EdgeFrame> = {}): EdgeFrame {
  const full = rows.map((row) => Array.from({ length: 13 }, (_, i) => row[i] ?? 0) as unknown as EdgeRow);
  return { seq, reset: seq === 0, at, define: [], rows: full, forget: [], table, ...more };
}

export function rulesReport(
  acknowledged: RulesReport['acknowledged'] = [],
  more: Partial<RulesReport> = {},
): RulesReport {
  return {
    at: 1,
    mode: 'replace',
    inSync: true,
    servicePorts: 1,
    chains: 3,
    rules: 9,
    lastSync: { chains: 1, rules: 3, milliseconds: 12 },
    acknowledged,
    problems: [],
    ...more,
  };
}

export const ack = (name: string, generation = 1, state: 'applied' | 'noBackends' = 'applied') => ({
  uid: `uid-${name}`,
  namespace: 'shop',
  name,
  generation,
  state,
});
