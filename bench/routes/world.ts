import type { KubeNode } from '@kubecity/routing';

export interface Size {
  readonly peers: number;
  /** Where the other nodes are: on the node's own link, or behind its gateway. */
  readonly way: 'direct' | 'vxlan';
  readonly families: 'IPv4' | 'both';
}

export const OWN = 'node-0';

/** The uplink reaches all of 10.64.0.0/16 and fd64::/64 itself, the rest through a gateway. */
export const SETUP = `
  ip link add eth0 type veth peer name far
  ip link set eth0 up; ip link set far up
  ip addr add 10.64.0.1/16 dev eth0; ip addr add fd64::1/64 dev eth0 nodad
  ip route add default via 10.64.255.254; ip -6 route add default via fd64::ffff:ffff
`;

/** The first one is the node that is measured. */
export function nodes({ peers, way, families }: Size): KubeNode[] {
  return [node(0, 'direct', families), ...Array.from({ length: peers }, (_, i) => node(i + 1, way, families))];
}

/** @param move makes it another address of the same node */
export function node(index: number, way: Size['way'], families: Size['families'], move = 0): KubeNode {
  const place = index + 1 + move;
  const net = way === 'direct' ? 64 : 65;
  const high = (place >> 8) & 255;
  const ipv4 = { range: `10.${128 + (index >> 8)}.${index & 255}.0/24`, address: `10.${net}.${high}.${place & 255}` };
  const ipv6 = { range: `fd01:0:0:${index.toString(16)}::/64`, address: `fd${net}::${place.toString(16)}` };
  const ends = families === 'both' ? [ipv4, ipv6] : [ipv4];
  return {
    metadata: { name: `node-${index}` },
    spec: { podCIDRs: ends.map(({ range }) => range) },
    status: { addresses: ends.map(({ address }) => ({ type: 'InternalIP', address })) },
  };
}
