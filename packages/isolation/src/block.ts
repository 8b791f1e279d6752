import { type AddressRange, bitsOf, cleanRange, type Family, quote, type Report } from '@kubecity/routing';
import { baseOf } from '@kubecity/ruleset';
import { type Foreign, listOf } from './foreign.ts';

/** An ipBlock: the addresses of `cidr` that lie in no `except`, as ranges that do not overlap, in the order of addresses. */
export interface BlockPeer {
  readonly kind: 'block';
  /** The block as its author wrote it, canonical: `10.0.0.0/8 except 10.1.0.0/16`. */
  readonly text: string;
  readonly family: Family;
  /** Canonical texts. */
  readonly ranges: readonly string[];
}

/**
 * A block with host bits set is its network, as the API server's legacy parser has it. Of a block with an `except` that
 * cannot be read nobody knows what is left, so it is nothing.
 */
export function readBlock(value: Foreign, field: string, report: Report): BlockPeer | undefined {
  const cidr = typeof value.cidr === 'string' ? cleanRange(value.cidr) : undefined;
  if (!cidr) {
    report(`${field}.cidr`, `must be a range of addresses like 10.0.0.0/8, not ${quote(value.cidr)}`);
    return undefined;
  }
  const excepts: AddressRange[] = [];
  let whole = true;
  const fault = (where: string, message: string) => {
    whole = false;
    report(where, message);
  };
  for (const [i, text] of listOf(value.except, `${field}.except`, fault).entries()) {
    const except = typeof text === 'string' ? cleanRange(text) : undefined;
    const where = `${field}.except[${i}]`;
    if (!except) fault(where, `must be a range of addresses like 10.0.0.0/8, not ${quote(text)}`);
    else {
      // The API server refuses it. To take it away all the same opens nothing.
      if (!isStrictlyWithin(except, cidr)) report(where, `must be a part of ${cidr.text}, which ${except.text} is not`);
      excepts.push(except);
    }
  }
  if (!whole) return undefined;
  const texts = excepts.map(({ text }) => text).sort();
  const text = texts.length === 0 ? cidr.text : `${cidr.text} except ${texts.join(', ')}`;
  return { kind: 'block', text, family: cidr.family, ranges: without(cidr, excepts) };
}

/** `cidr` minus all of `excepts`: halved as long as one of them lies inside a part. */
function without(cidr: AddressRange, excepts: readonly AddressRange[]): string[] {
  const width = cidr.family === 'IPv4' ? 32 : 128;
  const left: string[] = [];
  const gone = excepts.filter(({ family }) => family === cidr.family).map(prefixOf);
  const halve = (prefix: string, here: readonly string[]): void => {
    if (here.some((one) => prefix.startsWith(one))) return;
    const inside = here.filter((one) => one.startsWith(prefix));
    if (inside.length === 0) left.push(`${baseOf(prefix, width)}/${prefix.length}`);
    else for (const bit of '01') halve(prefix + bit, inside);
  };
  halve(prefixOf(cidr), gone);
  return left;
}

function isStrictlyWithin(inner: AddressRange, outer: AddressRange): boolean {
  return inner.family === outer.family && inner.bits > outer.bits && prefixOf(inner).startsWith(prefixOf(outer));
}

function prefixOf({ address, bits }: AddressRange): string {
  return bitsOf(address).slice(0, bits);
}
