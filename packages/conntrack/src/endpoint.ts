import { parseIPv4 } from './address.ts';

/**
 * An address as its 16-bit words, one UTF-16 code unit each: two for IPv4, eight for IPv6. A key for maps that is the same
 * whether it was read from a dump or from text, and that costs no formatting.
 */
export type PackedAddress = string;
/** A packed address and one more unit, the port. */
export type PackedEndpoint = string;

/** Throws RangeError when the text is no address of either family. */
export function packAddress(text: string): PackedAddress {
  if (text.includes(':')) return String.fromCharCode(...wordsOfIPv6(text));
  const address = parseIPv4(text);
  return String.fromCharCode(address >>> 16, address & 0xffff);
}

export function packEndpoint(address: string, port: number): PackedEndpoint {
  return packAddress(address) + String.fromCharCode(port);
}

/** An address of 4 or 16 bytes in network order. */
export function readAddress(view: DataView, start: number, end: number): PackedAddress {
  let packed = '';
  for (let offset = start; offset + 1 < end; offset += 2) packed += String.fromCharCode(view.getUint16(offset));
  return packed;
}

/** Everything RFC 4291 allows, a dotted tail included; a zone (`%eth0`) is refused, as it is no part of a packet. */
function wordsOfIPv6(text: string): number[] {
  const [head = '', tail, ...more] = text.split('::');
  const before = wordsOf(head, text);
  if (tail === undefined && before.length === 8) return before;
  const after = wordsOf(tail ?? '', text);
  const zeros = 8 - before.length - after.length;
  if (tail === undefined || more.length > 0 || zeros < 1) throw new RangeError(`no IPv6 address: ${text}`);
  return [...before, ...Array<number>(zeros).fill(0), ...after];
}

function wordsOf(part: string, text: string): number[] {
  if (part === '') return [];
  const groups = part.split(':');
  return groups.flatMap((group, index) => {
    if (group.includes('.') && index === groups.length - 1) {
      const address = parseIPv4(group);
      return [address >>> 16, address & 0xffff];
    }
    if (!/^[0-9a-f]{1,4}$/i.test(group)) throw new RangeError(`no IPv6 address: ${text}`);
    return [Number.parseInt(group, 16)];
  });
}
