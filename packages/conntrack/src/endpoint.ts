import { parseWords } from './address.ts';
import type { FlowRow } from './flow-row.ts';

/**
 * An address as its 16-bit words, one UTF-16 code unit each: two for IPv4, eight for IPv6. A key for maps that is the same
 * whether it was read from a dump or from text, and that costs no formatting.
 */
export type PackedAddress = string;
/** A packed address and one more unit, the port. */
export type PackedEndpoint = string;

/** Throws RangeError when the text is no address of either family. */
export function packAddress(text: string): PackedAddress {
  const { family, words } = parseWords(text);
  return packWords(family, words);
}

export function packEndpoint(address: string, port: number): PackedEndpoint {
  return packAddress(address) + String.fromCharCode(port);
}

/** The address that begins at `words[place]`, see `FlowRow`. */
export function packWords(family: FlowRow['family'], words: Uint32Array, place = 0): PackedAddress {
  let packed = '';
  for (let at = place; at < place + (family === 4 ? 1 : 4); at += 1) {
    const word = words[at] as number;
    packed += String.fromCharCode(word >>> 16, word & 0xffff);
  }
  return packed;
}
