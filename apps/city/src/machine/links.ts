import type { NodePlan } from '../plan/city-plan.ts';

/**
 * The city's cables, as lines for `ip -batch`. In the middle the bridge `underlay`; each node is a namespace with one leg
 * on it; each pod hangs on its node by a cable of its own and has a /32, as with Calico, so that every packet between
 * two pods is routed, and meets the node's rules. The ways to the pods of other nodes are laid by the agents.
 */
export const UNDERLAY_ADDRESS = '172.18.0.1/16';
export const GATE = { name: 'gate', address: '172.18.255.1/16' };

/** The next hop of every pod. Nobody owns it: its link address is fixed on both ends, so nobody has to answer for it. */
const POD_GATEWAY = '169.254.1.1';
const GATEWAY_MAC = 'ee:ee:ee:ee:ee:ee';

/** In the root namespace: the bridge, and a namespace with a leg on it for each node and the gate. */
export function underlayLines(nodes: readonly NodePlan[]): string[] {
  return [
    'link set lo up',
    'link add underlay type bridge',
    'link set underlay addrgenmode none up',
    `address add ${UNDERLAY_ADDRESS} dev underlay`,
    ...[...nodes.map(({ name }) => name), GATE.name].flatMap((name, index) => [
      `netns add ${name}`,
      `link add leg${index} type veth peer name eth0 netns ${name}`,
      `link set leg${index} addrgenmode none master underlay up`,
    ]),
  ];
}

/** In a node's namespace. The default route lets a cluster IP reach the OUTPUT chain, where it is translated. */
export function nodeLines({ address }: NodePlan): string[] {
  return [...legLines(`${address}/16`), `route add default via ${UNDERLAY_ADDRESS.split('/')[0]}`];
}

/** The outside client sits on the underlay and takes the first node for its way to the Services. */
export function gateLines(entry: NodePlan, serviceCIDR: string): string[] {
  return [...legLines(GATE.address), `route add ${serviceCIDR} via ${entry.address}`];
}

function legLines(address: string): string[] {
  return ['link set lo up', 'link set eth0 addrgenmode none up', `address add ${address} dev eth0`];
}

/** In a node's namespace: the pod's cable and the route to it. */
export function podCableLines(netns: string, address: string): string[] {
  const [link, mac] = [podLink(address), podMac(address)];
  return [
    `link add ${link} address ${GATEWAY_MAC} type veth peer name eth0 netns ${netns} address ${mac}`,
    `link set ${link} addrgenmode none up`,
    `route add ${address}/32 dev ${link}`,
    `neighbour replace ${address} lladdr ${mac} dev ${link} nud permanent`,
  ];
}

/** In a pod's namespace. */
export function podLines(address: string): string[] {
  return [
    ...legLines(`${address}/32`),
    `route add ${POD_GATEWAY} dev eth0 scope link`,
    `route add default via ${POD_GATEWAY} dev eth0`,
    `neighbour replace ${POD_GATEWAY} lladdr ${GATEWAY_MAC} dev eth0 nud permanent`,
  ];
}

/** Name of the node's end of the cable: at most 15 characters, and one address has one pod. */
export const podLink = (address: string) => `pod${address.split('.').slice(2).join('-')}`;

const podMac = (address: string) =>
  ['02', '0a', ...address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))].join(':');

/** Network switches of a node, as files under /proc/sys/net/ipv4. */
export const nodeSwitches: Readonly<Record<string, string>> = {
  ip_forward: '1',
  // The answer to a translated packet may come in by another way than the question went: strict checks would drop it.
  'conf/all/rp_filter': '0',
  'conf/default/rp_filter': '0',
  // A packet from the gate leaves by the leg it came in on; the gate must not be told of a shorter way past our rules.
  'conf/all/send_redirects': '0',
  'conf/default/send_redirects': '0',
};
