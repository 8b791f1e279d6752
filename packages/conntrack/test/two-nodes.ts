import { type DirectoryChange, type FlowRow, STATUS } from '../src/index.ts';
import { nodeChange, podChange, serviceChange } from './city.ts';
import { flow } from './flows.ts';

/** A side of the city: a node with its pods. */
export type Side = 'a' | 'b';
const NUMBER: Readonly<Record<Side, number>> = { a: 1, b: 2 };

const at = (six: boolean, side: Side, what: 'node' | 'web' | 'api'): string => {
  const n = NUMBER[side];
  if (what === 'node') return six ? `fd00::${n}` : `172.18.0.${n}`;
  const host = what === 'web' ? 2 : 3;
  return six ? `fd00:${n}::${host}` : `10.${n}.0.${host}`;
};
const CLUSTER_IP = { 4: '10.96.0.10', 6: 'fd00:96::a' };
const OUTSIDE = { 4: '203.0.113.9', 6: '2001:db8::9' };
const FAR = { 4: '198.51.100.7', 6: '2001:db8:ffff::7' };
const ELSEWHERE_NET = { 4: '203.0.113.0/24', 6: '2001:db8::/48' };
const CART = 'shop/cart:http/TCP';
const NODE_PORT = 30080;

/** Nodes a and b; on each the pods web and api. The Service cart (of port 80 and a node port) is served by all pods. */
export const TWO_NODES: readonly DirectoryChange[] = [
  serviceChange(CART, 80, [CLUSTER_IP[4]], { nodePort: NODE_PORT }),
  serviceChange(CART, 80, [CLUSTER_IP[6]], { nodePort: NODE_PORT, id: `${CART}/IPv6` }),
  ...(['a', 'b'] as const).flatMap((side) => [
    nodeChange(`node-${side}`, [at(false, side, 'node'), at(true, side, 'node')]),
    ...(['web', 'api'] as const).map((pod) =>
      podChange(`${pod}-${side}`, `node-${side}`, [at(false, side, pod), at(true, side, pod)]),
    ),
  ]),
];

/** What the kernels of the nodes it passes have of one connection, and what must be counted of it, where. */
export interface Passage {
  readonly entries: readonly (readonly [Side, FlowRow])[];
  /** Absent when it is of no edge. */
  readonly counted?: {
    readonly on: Side;
    readonly client: string;
    readonly servicePort: string;
    readonly pod?: string;
  };
}

export interface Call {
  readonly six: boolean;
  /** The node that the call passes first, and the one of the backend. */
  readonly from: Side;
  readonly to: Side;
  /** Client port and identity. */
  readonly port: number;
}

interface Leg {
  readonly source: string;
  readonly destination: string;
  readonly destinationPort: number;
  readonly backend?: string;
  /** The address that the backend sees instead of the client's. */
  readonly masquerade?: string;
}

/** One kernel's entry: translated if there is another backend than the destination. */
function entry(
  { port }: Call,
  { source, destination, destinationPort, backend = destination, masquerade }: Leg,
): FlowRow {
  const translated = backend !== destination;
  return flow({
    ...{ id: port, sourcePort: port, source, destination, destinationPort, replySource: backend },
    replySourcePort: translated ? 8080 : destinationPort,
    replyDestination: masquerade ?? source,
    status:
      STATUS.confirmed |
      STATUS.seenReply |
      (translated ? STATUS.destinationNat : 0) |
      (masquerade ? STATUS.sourceNat : 0),
    ...{ originalPackets: 5, originalBytes: 1000 + port, replyPackets: 4, replyBytes: 2000 + port },
  });
}

/** Every way in which connections pass the two nodes. `web` of the first node calls, `api` of the second one answers. */
export const PASSAGES: Readonly<Record<string, (call: Call) => Passage>> = {
  'pod → cluster IP': (call) => {
    const { web, api, service } = placesOf(call);
    const leg = { source: web, destination: service, destinationPort: 80, backend: api };
    return {
      entries: [[call.from, entry(call, leg)], ...second(call, web, api)],
      counted: { on: call.from, client: `web-${call.from}`, servicePort: CART, pod: `api-${call.to}` },
    };
  },
  'outside → node port, masqueraded': (call) => {
    const { outside, firstNode, api } = placesOf(call);
    const leg = {
      source: outside,
      destination: firstNode,
      destinationPort: NODE_PORT,
      backend: api,
      masquerade: firstNode,
    };
    return {
      entries: [[call.from, entry(call, leg)], ...second(call, firstNode, api)],
      counted: { on: call.from, client: outsideOf(call), servicePort: CART, pod: `api-${call.to}` },
    };
  },
  'outside → node port, policy Local: to a backend of the first node, not masqueraded': (call) => {
    const { outside, firstNode, ownApi } = placesOf(call);
    const leg = { source: outside, destination: firstNode, destinationPort: NODE_PORT, backend: ownApi };
    return {
      entries: [[call.from, entry(call, leg)]],
      counted: { on: call.from, client: outsideOf(call), servicePort: CART, pod: `api-${call.from}` },
    };
  },
  'pod → node port of the other node, not masqueraded, to a backend there': (call) => {
    const there = call.from === 'a' ? 'b' : 'a';
    const { web } = placesOf(call);
    const door = { source: web, destination: at(call.six, there, 'node'), destinationPort: NODE_PORT };
    return {
      entries: [
        [call.from, entry(call, door)],
        [there, entry(call, { ...door, backend: at(call.six, there, 'api') })],
      ],
      counted: { on: there, client: `web-${call.from}`, servicePort: CART, pod: `api-${there}` },
    };
  },
  'pod → node port of the other node, masqueraded by both': (call) => {
    const there = call.from === 'a' ? 'b' : 'a';
    const { web, firstNode, ownApi } = placesOf(call);
    const door = { destination: at(call.six, there, 'node'), destinationPort: NODE_PORT };
    return {
      entries: [
        [call.from, entry(call, { ...door, source: web, masquerade: firstNode })],
        [there, entry(call, { ...door, source: firstNode, backend: ownApi, masquerade: door.destination })],
        [call.from, entry(call, { source: door.destination, destination: ownApi, destinationPort: 8080 })],
      ],
      counted: { on: there, client: `node-${call.from}`, servicePort: CART, pod: `api-${call.from}` },
    };
  },
  'pod → pod': (call) => {
    const { web, api } = placesOf(call);
    const leg = { source: web, destination: api, destinationPort: 8080 };
    return {
      entries: [[call.from, entry(call, leg)], ...second(call, web, api)],
      counted: { on: call.from, client: `web-${call.from}`, servicePort: '', pod: `api-${call.to}` },
    };
  },
  'outside → pod, by way of the first node': (call) => {
    const { outside, api } = placesOf(call);
    const leg = { source: outside, destination: api, destinationPort: 8080 };
    return {
      entries: [[call.from, entry(call, leg)], ...second(call, outside, api)],
      counted: { on: call.to, client: outsideOf(call), servicePort: '', pod: `api-${call.to}` },
    };
  },
  'outside → port of the host that leads to a pod': (call) => {
    const { outside, firstNode, ownApi } = placesOf(call);
    const leg = { source: outside, destination: firstNode, destinationPort: 8443, backend: ownApi };
    return {
      entries: [[call.from, entry(call, leg)]],
      counted: { on: call.from, client: outsideOf(call), servicePort: '', pod: `api-${call.from}` },
    };
  },
  'host process → cluster IP': (call) => {
    const { firstNode, api, service } = placesOf(call);
    const leg = { source: firstNode, destination: service, destinationPort: 80, backend: api };
    return {
      entries: [[call.from, entry(call, leg)], ...second(call, firstNode, api)],
      counted: { on: call.from, client: `node-${call.from}`, servicePort: CART, pod: `api-${call.to}` },
    };
  },
  'host process → pod': (call) => {
    const { firstNode, api } = placesOf(call);
    const leg = { source: firstNode, destination: api, destinationPort: 8080 };
    return {
      entries: [[call.from, entry(call, leg)], ...second(call, firstNode, api)],
      counted: { on: call.from, client: `node-${call.from}`, servicePort: '', pod: `api-${call.to}` },
    };
  },
  'pod → cluster IP → itself': (call) => {
    const { web, firstNode, service } = placesOf(call);
    const leg = { source: web, destination: service, destinationPort: 80, backend: web, masquerade: firstNode };
    return {
      entries: [[call.from, entry(call, leg)]],
      counted: { on: call.from, client: `web-${call.from}`, servicePort: CART, pod: `web-${call.from}` },
    };
  },
  'pod → cluster IP → a process of a host': (call) => {
    const { web, service } = placesOf(call);
    const host = at(call.six, call.to, 'node');
    return {
      entries: [
        [call.from, entry(call, { source: web, destination: service, destinationPort: 80, backend: host })],
        ...second(call, web, host),
      ],
      counted: { on: call.from, client: `web-${call.from}`, servicePort: CART },
    };
  },
  'pod → outside, masqueraded': (call) => {
    const { web, firstNode } = placesOf(call);
    const leg = { source: web, destination: FAR[familyOf(call)], destinationPort: 443, masquerade: firstNode };
    return { entries: [[call.from, entry(call, leg)]] };
  },
  'host process → the other host': (call) => {
    const { firstNode } = placesOf(call);
    const other = at(call.six, call.from === 'a' ? 'b' : 'a', 'node');
    const row = entry(call, { source: firstNode, destination: other, destinationPort: 10250 });
    return {
      entries: [
        ['a', row],
        ['b', row],
      ],
    };
  },
};

const familyOf = ({ six }: Call): 4 | 6 => (six ? 6 : 4);
const outsideOf = (call: Call): string => ELSEWHERE_NET[familyOf(call)];

const placesOf = (call: Call) => ({
  web: at(call.six, call.from, 'web'),
  ownApi: at(call.six, call.from, 'api'),
  firstNode: at(call.six, call.from, 'node'),
  api: at(call.six, call.to, 'api'),
  service: CLUSTER_IP[familyOf(call)],
  outside: OUTSIDE[familyOf(call)],
});

/** What the node of the backend sees, untranslated, when it is another than the first. */
const second = (call: Call, source: string, backend: string): readonly (readonly [Side, FlowRow])[] =>
  call.from === call.to ? [] : [[call.to, entry(call, { source, destination: backend, destinationPort: 8080 })]];
