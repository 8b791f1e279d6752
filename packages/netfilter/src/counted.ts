import type { CountedChain, CountedRule } from './netfilter.ts';

/**
 * Reads what `iptables -v -S CHAIN` prints: `-N CHAIN`, then `-A CHAIN … -c PACKETS BYTES -j TARGET`, the counters before
 * the target or, without one, at the end. A built-in chain begins with `-P CHAIN POLICY -c …`.
 */
export function parseCounted(text: string): CountedChain[] {
  const chains: { chain: string; rules: CountedRule[] }[] = [];
  for (const line of text.split('\n')) {
    const [, verb, chain = '', rest = ''] = /^-([NPA]) (\S+)(.*)$/.exec(line) ?? [];
    if (verb === 'A') chains.at(-1)?.rules.push(countedRule(rest.trim()));
    else if (verb !== undefined) chains.push({ chain, rules: [] });
  }
  return chains;
}

/** Reads of what `iptables-save -c` prints (`[PACKETS:BYTES] -A CHAIN …`) the chains that are wanted. */
export function parseCountedSave(text: string, wanted: ReadonlySet<string>): Map<string, CountedChain> {
  const found = new Map<string, { chain: string; rules: CountedRule[] }>();
  for (const line of text.split('\n')) {
    const declared = line.startsWith(':') ? line.slice(1, line.indexOf(' ')) : undefined;
    if (declared !== undefined && wanted.has(declared)) found.set(declared, { chain: declared, rules: [] });
    if (!line.startsWith('[')) continue;
    const [, packets, bytes, chain = '', rule = ''] = /^\[(\d+):(\d+)\] -A (\S+) ?(.*)$/.exec(line) ?? [];
    found.get(chain)?.rules.push({ rule, packets: Number(packets), bytes: Number(bytes) });
  }
  return found;
}

const COUNTERS = / ?-c (\d+) (\d+)(?= -[jg] |$)/;

function countedRule(text: string): CountedRule {
  // A comment may say anything: it is not looked at.
  const found = COUNTERS.exec(withoutQuoted(text));
  if (!found) return { rule: text, packets: 0, bytes: 0 };
  const rule = text.slice(0, found.index) + text.slice(found.index + found[0].length);
  return { rule: rule.trim(), packets: Number(found[1]), bytes: Number(found[2]) };
}

/** The same length, with what stands between double quotes (`\\"` inside) made unreadable. */
const withoutQuoted = (text: string): string =>
  text.replaceAll(/"(?:[^"\\]|\\.)*"/g, (quoted) => '"'.padEnd(quoted.length, '_'));
