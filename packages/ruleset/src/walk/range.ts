import { bitsOf, cleanAddress, cleanRange, type Family, familyOf } from '@kubecity/routing';

/** An address as its bits (`0`s and `1`s), read once per packet and compared with many ranges. */
export interface Address {
  readonly family: Family;
  readonly bits: string;
  /** Canonical. */
  readonly text: string;
}

/** All addresses of a family whose bits begin with `prefix`. */
export interface Range {
  readonly family: Family;
  readonly prefix: string;
}

export function addressOf(text: string): Address {
  const address = cleanAddress(text);
  if (!address) throw new Error(`walk: not an address: ${text}`);
  return { ...address, bits: bitsOf(address.text) };
}

/** Reads `address/bits`; a bare address is the range of itself alone. */
export function rangeOf(text: string): Range {
  if (!text.includes('/')) {
    const { family, bits } = addressOf(text);
    return { family, prefix: bits };
  }
  const range = cleanRange(text);
  if (!range) throw new Error(`walk: not a range: ${text}`);
  return { family: familyOf(range.address), prefix: bitsOf(range.address).slice(0, range.bits) };
}

export function isWithin(address: Address, range: Range): boolean {
  return address.family === range.family && address.bits.startsWith(range.prefix);
}
