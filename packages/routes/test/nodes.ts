import type { Family, KubeNode } from '@kubecity/routing';

/** Of any spelling: a Node object with its pod ranges and InternalIPs. */
export function node(
  name: string,
  podCIDRs: readonly string[],
  addresses: readonly string[],
  since?: string,
): KubeNode {
  return {
    metadata: { name, ...(since !== undefined && { creationTimestamp: since }) },
    spec: { podCIDRs },
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
  };
}

/** Node 7 of both families: pods in 10.1.7.0/24 and fd01:0:0:7::/64, itself 192.168.1.7 and fd00::7. */
export function numbered(number: number, net: Readonly<Record<Family, string>> = { IPv4: '192.168.1', IPv6: 'fd00' }) {
  const hex = number.toString(16);
  return node(
    `node-${number}`,
    [`10.1.${number}.0/24`, `fd01:0:0:${hex}::/64`],
    [`${net.IPv4}.${number}`, `${net.IPv6}::${hex}`],
  );
}
