type Family = 'IPv4' | 'IPv6';

/**
 * Addresses and ranges of both families, always in canonical text: what inet_ntop of glibc prints, and so what
 * iptables-save prints. Two addresses are the same exactly when their texts are.
 */
export interface Address {
  readonly family: Family;
  readonly text: string;
}

export interface AddressRange extends Address {
  /** `<address>/<bits>`, host bits cleared. */
  readonly text: string;
  readonly address: string;
  readonly bits: number;
}

const WIDTH: Readonly<Record<Family, number>> = { IPv4: 32, IPv6: 128 };
const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const CLEAN_IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
const HEX_GROUP = /^[0-9a-f]{1,4}$/i;

/**
 * Any spelling of one address. Old objects may carry leading zeros in IPv4; like the API server's legacy parser they are
 * read as decimal (`010.96.0.01` → `10.96.0.1`). Zones (`fe80::1%eth0`) are refused: no other node knows them.
 */
export function cleanAddress(text: string): Address | undefined {
  // The usual case keeps the very string that came in: a cluster has many of them.
  if (CLEAN_IPV4.test(text)) return { family: 'IPv4', text };
  const trimmed = text.trim();
  if (!trimmed.includes(':')) {
    const octets = parseIPv4(trimmed);
    return octets && { family: 'IPv4', text: octets.join('.') };
  }
  const groups = parseIPv6(trimmed);
  if (!groups) return undefined;
  const clean = ipv6Text(groups);
  return { family: 'IPv6', text: clean === text ? text : clean };
}

/** Parses `address/bits`, any spelling; a bare address is not a range. */
export function cleanRange(text: string): AddressRange | undefined {
  const [addressText = '', bitsText = '', rest] = text.trim().split('/');
  const address = cleanAddress(addressText);
  if (!address || rest !== undefined || !/^\d{1,3}$/.test(bitsText)) return undefined;
  const { family } = address;
  const bits = Number(bitsText);
  if (bits > WIDTH[family]) return undefined;
  const network = textOfBits(bitsOf(address.text).slice(0, bits).padEnd(WIDTH[family], '0'));
  return { family, text: `${network}/${bits}`, address: network, bits };
}

/** Whether a clean address lies in the range; never for the other family. */
export function rangeHolds(range: AddressRange, address: string): boolean {
  return familyOf(address) === range.family && bitsOf(address).startsWith(bitsOf(range.address).slice(0, range.bits));
}

/** Of a clean address. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

const BYTE_BITS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(2).padStart(8, '0'));

/** The bits of a clean address, most significant first: 32 or 128 characters, each `0` or `1`. */
export function bitsOf(address: string): string {
  let bits = '';
  if (familyOf(address) === 'IPv4') {
    for (const octet of address.split('.')) bits += BYTE_BITS[Number(octet)];
    return bits;
  }
  const groups = parseIPv6(address);
  if (!groups) throw new Error(`not an address: ${JSON.stringify(address)}`);
  for (const group of groups) bits += `${BYTE_BITS[group >> 8]}${BYTE_BITS[group & 255]}`;
  return bits;
}

/** `address:port`, with brackets around IPv6. */
export function socketText(address: string, port: number): string {
  return familyOf(address) === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

function textOfBits(bits: string): string {
  const step = bits.length === WIDTH.IPv4 ? 8 : 16;
  const numbers = Array.from({ length: bits.length / step }, (_, i) =>
    Number.parseInt(bits.slice(i * step, (i + 1) * step), 2),
  );
  return step === 8 ? numbers.join('.') : ipv6Text(numbers);
}

function parseIPv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d+$/.test(part))) return undefined;
  const octets = parts.map(Number);
  return octets.every((octet) => octet <= 255) ? octets : undefined;
}

/** The eight groups of 16 bits. */
function parseIPv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves[1] === undefined ? [] : parseGroups(halves[1], true);
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : undefined;
  return missing > 0 ? [...head, ...new Array<number>(missing).fill(0), ...tail] : undefined;
}

/** Groups between colons; the last one of an address may be an IPv4 address, which stands for two. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (HEX_GROUP.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const octets = atEnd && i === parts.length - 1 ? parseIPv4(part) : undefined;
    if (!octets) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = octets;
    groups.push(a * 256 + b, c * 256 + d);
  }
  return groups;
}

/**
 * As inet_ntop of glibc does: the first of the longest runs of two or more zero groups becomes `::`, and what looks like
 * an IPv4 address in IPv6 clothes (`::a.b.c.d`, `::ffff:a.b.c.d`) ends in dotted form.
 */
function ipv6Text(groups: readonly number[]): string {
  const { start, length } = longestZeroRun(groups);
  const mapped = length === 5 && groups[5] === 0xffff;
  if (start === 0 && (length === 6 || mapped)) {
    const [high = 0, low = 0] = groups.slice(6);
    return `::${mapped ? 'ffff:' : ''}${[high >> 8, high & 255, low >> 8, low & 255].join('.')}`;
  }
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [i, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: i - length + 1, length };
  }
  return best;
}

/** For readers of IPv4 alone. */
export function parseIPv4Range(text: string): AddressRange | undefined {
  const range = cleanRange(text);
  return range?.family === 'IPv4' ? range : undefined;
}

export function rangeText(range: AddressRange): string {
  return range.text;
}
