import { bitsOf, cleanAddress } from '@kubecity/routing';
import type { FlowRow } from './flow-row.ts';

/** The words of one address as a `FlowRow` has them: four u32 in host order, of which IPv4 uses the first. */
export interface AddressWords {
  readonly family: FlowRow['family'];
  readonly words: Uint32Array;
}

/** Whether the addresses that begin at two places are the same words. */
export function sameAddress(words: Uint32Array, place: number, others: Uint32Array, otherPlace: number): boolean {
  for (let word = 0; word < 4; word += 1) if (words[place + word] !== others[otherPlace + word]) return false;
  return true;
}

/** Canonical text of the address that begins at `words[place]`: the words of IPv4 0x0a000001 → "10.0.0.1". */
export function formatWords(family: FlowRow['family'], words: Uint32Array, place = 0): string {
  if (family === 4) {
    const word = words[place] as number;
    return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
  }
  const groups: string[] = [];
  for (let at = place; at < place + 4; at += 1) {
    const word = words[at] as number;
    groups.push((word >>> 16).toString(16), (word & 0xffff).toString(16));
  }
  // Eight groups of hexadecimal digits are always an address.
  return (cleanAddress(groups.join(':')) as { text: string }).text;
}

/** "10.0.0.1" → its words; throws RangeError when the text is no address of either family. */
export function parseWords(text: string): AddressWords {
  const address = cleanAddress(text);
  if (!address) throw new RangeError(`no address: ${JSON.stringify(text)}`);
  const bits = bitsOf(address.text);
  const words = new Uint32Array(4);
  for (let at = 0; at * 32 < bits.length; at += 1) words[at] = Number.parseInt(bits.slice(at * 32, at * 32 + 32), 2);
  return { family: address.family === 'IPv4' ? 4 : 6, words };
}
