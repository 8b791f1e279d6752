/**
 * IPv4 addresses as Kubernetes clusters really hold them. Old objects may carry leading zeros; like the API server's
 * legacy parser they are read as decimal and written clean (`010.96.0.01` → `10.96.0.1`).
 */
export function cleanIPv4(text: string): string | undefined {
  const parts = text.trim().split('.');
  if (parts.length !== 4) return undefined;
  const octets: number[] = [];
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part)) return undefined;
    const octet = Number(part);
    if (octet > 255) return undefined;
    octets.push(octet);
  }
  return octets.join('.');
}

/** The address as an unsigned 32-bit number; `text` must be clean. */
export function ipv4Number(text: string): number {
  return text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export interface Ipv4Range {
  readonly base: number;
  readonly bits: number;
}

/** Parses `a.b.c.d/n`; host bits are cleared. */
export function parseIPv4Range(text: string): Ipv4Range | undefined {
  const [address, bitsText, rest] = text.trim().split('/');
  const clean = address === undefined ? undefined : cleanIPv4(address);
  if (clean === undefined || bitsText === undefined || rest !== undefined || !/^\d{1,2}$/.test(bitsText))
    return undefined;
  const bits = Number(bitsText);
  if (bits > 32) return undefined;
  return { base: networkOf(ipv4Number(clean), bits), bits };
}

export function rangeHolds(range: Ipv4Range, address: string): boolean {
  return networkOf(ipv4Number(address), range.bits) === range.base;
}

/** `a.b.c.d/n` of a network number, the form iptables-save prints. */
export function rangeText(range: Ipv4Range): string {
  return `${ipv4Text(range.base)}/${range.bits}`;
}

export function ipv4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

export function networkOf(address: number, bits: number): number {
  const size = 2 ** (32 - bits);
  return Math.floor(address / size) * size;
}
