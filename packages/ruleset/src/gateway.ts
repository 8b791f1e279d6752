import type { Family } from '@kubecity/routing';
import { baseOf } from './dispatch.ts';
import type { CompileOptions } from './options.ts';
import type { Door } from './part.ts';
import { clearMark, hasMark, setMark, words } from './rule.ts';
import type { Chain } from './ruleset.ts';

/**
 * A client that is not a pod came to a cluster IP through this node as a gateway: answers must come back the same way, so
 * it is masqueraded. One rule marks for all Services before their tree, instead of one in each of 10,000 chains, which the
 * kernel would validate with every transaction. External addresses decide for themselves, so no range holds one of them.
 * What comes back from the tree was for no Service: its mark is taken off again.
 */
export interface Gateway {
  readonly before: Chain;
  readonly after: Chain;
}

/** @param ranges see `clusterRanges` */
export function gateway(ranges: readonly string[], options: CompileOptions): Gateway {
  const sources = outsiders(options);
  if (sources === undefined || ranges.length === 0) return { before: [], after: [] };
  const { masqueradeMark: mask } = options;
  return {
    before: ranges.map((range) => words(sources.address, to(range), sources.interface, setMark(mask))),
    after: [words(hasMark(mask), clearMark(mask))],
  };
}

/** iptables-save does not print a range that holds everything. */
const to = (range: string) => (range.endsWith('/0') ? undefined : `-d ${range}`);

/** Whose packets are no pod's; undefined where nobody can tell. */
function outsiders({
  masqueradeAll,
  localDetect,
}: CompileOptions): { address?: string; interface?: string } | undefined {
  if (masqueradeAll) return {};
  switch (localDetect.kind) {
    case 'none':
      return undefined;
    case 'cidr':
      return { address: `! -s ${localDetect.cidr}` };
    case 'bridge':
      return { interface: `! -i ${localDetect.name}` };
    case 'interfacePrefix':
      return { interface: `! -i ${localDetect.prefix}+` };
  }
}

/** The largest ranges, sorted, that hold all cluster IPs among these doors and no other address of them. */
export function clusterRanges(doors: readonly Door[], family: Family): string[] {
  const inside: string[] = [];
  const outside: string[] = [];
  for (const { bits, internal } of doors) if (bits !== undefined) (internal ? inside : outside).push(bits);
  const width = family === 'IPv4' ? 32 : 128;
  return cover(inside, outside, width).map((prefix) => `${baseOf(prefix, width)}/${prefix.length}`);
}

/** Addresses in bits. One that is also an external address is in a range of its own, and a cluster IP. */
function cover(inside: readonly string[], outside: readonly string[], width: number): string[] {
  const prefix = commonPrefix(inside);
  if (prefix === undefined) return [];
  const among = outside.filter((address) => address.startsWith(prefix));
  if (among.length === 0 || prefix.length === width) return [prefix];
  const half = (bit: '0' | '1') => {
    const begins = (address: string) => address.startsWith(prefix + bit);
    return cover(inside.filter(begins), among.filter(begins), width);
  };
  return [...half('0'), ...half('1')];
}

function commonPrefix(texts: readonly string[]): string | undefined {
  let prefix = texts[0];
  for (const text of texts) {
    while (prefix !== undefined && !text.startsWith(prefix)) prefix = prefix.slice(0, -1);
  }
  return prefix;
}
