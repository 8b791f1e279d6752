import { type Address, bitsOf, familyOf, textHash } from '@kubecity/routing';

/**
 * The MAC address of a node's tunnel end, from what every node knows of it, so that nobody must tell it. Locally
 * administered and unicast (`02` and `06` in the first byte). Of an IPv4 address all bits are in it, so two nodes never have
 * the same; of an IPv6 address a hash of 40 bits: among 5,000 nodes one pair in 90,000 clusters.
 * @param address canonical
 */
export function tunnelMac(vxlanId: number, address: string): string {
  const [high, low] = textHash(`kubecity ${vxlanId} ${address}`);
  if (familyOf(address) === 'IPv6') return macText(0x06, high & 0xff, low);
  return macText(0x02, high & 0xff, Number.parseInt(bitsOf(address), 2));
}

/** Whether another address may come to the same. */
export const macMayBeShared = ({ family }: Address): boolean => family === 'IPv6';

function macText(first: number, second: number, rest: number): string {
  const bytes = [first, second, rest >>> 24, (rest >>> 16) & 255, (rest >>> 8) & 255, rest & 255];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
