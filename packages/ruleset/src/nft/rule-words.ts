import type { Family } from '@kubecity/routing';
import { LEASE } from '../names.ts';

/**
 * The words of our rules of nat, in iptables' language and in nft's: each clause knows both, as iptables-save (1.8.9) and
 * `nft list` (1.0.6) print them, so that what was written and what is read back compare as equal text either way.
 */
interface Clause {
  /** From the words that begin the iptables text. */
  readonly iptables: RegExp;
  readonly toNft: (found: readonly (string | undefined)[], ip: Ip) => string;
  /** From the words that begin the nft text. */
  readonly nft: (ip: Ip) => RegExp;
  readonly toIptables: (found: readonly (string | undefined)[], ip: Ip) => string;
}

interface Ip {
  readonly family: Family;
  readonly word: 'ip' | 'ip6';
  readonly width: 32 | 128;
}

const IP: Readonly<Record<Family, Ip>> = {
  IPv4: { family: 'IPv4', word: 'ip', width: 32 },
  IPv6: { family: 'IPv6', word: 'ip6', width: 128 },
};

const RANGE = '([0-9a-f.:]+(?:\\/\\d+)?)';
const CHAIN = '(CITY-[\\w.-]+)';
const SET = CHAIN;

const MATCHES: readonly Clause[] = [
  address('-s', 'saddr'),
  address('-d', 'daddr'),
  {
    iptables: /^(! )?-i ([^\s"*\\]+?)(\+?)(?= )/,
    toNft: ([not, name, all]) => `iifname ${not ? '!= ' : ''}"${name}${all ? '*' : ''}"`,
    nft: () => /^iifname (!= )?"([^"*]+)(\*?)"/,
    toIptables: ([not, name, all]) => `${not ? '! ' : ''}-i ${name}${all ? '+' : ''}`,
  },
  {
    iptables: /^-p (tcp|udp|sctp) -m \1 --dport (\d+)(?::(\d+))?(?= )/,
    toNft: ([protocol, first, last]) => `${protocol} dport ${first}${last ? `-${last}` : ''}`,
    nft: () => /^(tcp|udp|sctp) dport (\d+)(?:-(\d+))?/,
    toIptables: ([protocol, first, last]) => `-p ${protocol} -m ${protocol} --dport ${first}${last ? `:${last}` : ''}`,
  },
  {
    iptables: /^-p (tcp|udp|sctp)(?= )/,
    toNft: ([protocol]) => `meta l4proto ${protocol}`,
    nft: () => /^meta l4proto (tcp|udp|sctp)/,
    toIptables: ([protocol]) => `-p ${protocol}`,
  },
  {
    // Both compare 31 random bits with a number; iptables prints its part of 2^31 in 11 digits, which tells it exactly.
    iptables: /^-m statistic --mode random --probability ([01]\.\d+)(?= )/,
    toNft: ([chance]) => `numgen random mod ${2 ** 31} < ${Math.round(Number(chance) * 2 ** 31)}`,
    nft: () => /^numgen random mod 2147483648 < (\d+)/,
    toIptables: ([part]) => `-m statistic --mode random --probability ${(Number(part) / 2 ** 31).toFixed(11)}`,
  },
  {
    iptables: /^-m mark (! )?--mark (0x[0-9a-f]+)\/\2(?= )/,
    toNft: ([not, mask]) => `meta mark & ${eight(mask)} ${not ? '!=' : '=='} ${eight(mask)}`,
    nft: () => /^meta mark & (0x[0-9a-f]{8}) (==|!=) \1/,
    toIptables: ([mask, is]) => `-m mark ${is === '!=' ? '! ' : ''}--mark ${short(mask)}/${short(mask)}`,
  },
  {
    iptables: /^-m addrtype --(src|dst)-type LOCAL(?= )/,
    toNft: ([side]) => `fib ${side === 'src' ? 'saddr' : 'daddr'} type local`,
    nft: () => /^fib (saddr|daddr) type local/,
    toIptables: ([side]) => `-m addrtype --${side === 'saddr' ? 'src' : 'dst'}-type LOCAL`,
  },
  {
    iptables: new RegExp(`^-m set --match-set ${SET} src(?= )`),
    toNft: ([set], { word }) => `${word} saddr @${set}`,
    nft: ({ word }) => new RegExp(`^${word} saddr @${SET}`),
    toIptables: ([set]) => `-m set --match-set ${set} src`,
  },
  {
    // The ipset of the lease holds every address; that of nft holds every protocol, which needs no ranges.
    iptables: new RegExp(`^-m set --match-set (${Object.values(LEASE).join('|')}) dst(?= )`),
    toNft: ([set]) => `meta l4proto @${set}`,
    nft: ({ family }) => new RegExp(`^meta l4proto @(${LEASE[family]})`),
    toIptables: ([set]) => `-m set --match-set ${set} dst`,
  },
];

const TARGETS: readonly Clause[] = [
  {
    iptables: /^-j DNAT --to-destination (\S+)$/,
    toNft: ([to]) => `dnat to ${to}`,
    nft: () => /^dnat to (\[?[0-9a-f.:]+\]?:\d+)$/,
    toIptables: ([to]) => `-j DNAT --to-destination ${to}`,
  },
  {
    // Accepting ends one chain of a hook; a translation to itself ends all of nat, whoever else has chains there.
    iptables: /^-j ACCEPT$/,
    toNft: (_found, { word }) => `dnat to ${word} daddr`,
    nft: ({ word }) => new RegExp(`^dnat to ${word} daddr$`),
    toIptables: () => '-j ACCEPT',
  },
  {
    iptables: /^-j RETURN$/,
    toNft: () => 'return',
    nft: () => /^return$/,
    toIptables: () => '-j RETURN',
  },
  {
    iptables: /^-j MARK --set-xmark (0x[0-9a-f]+)\/\1$/,
    toNft: ([mask]) => `meta mark set meta mark | ${eight(mask)}`,
    nft: () => /^meta mark set meta mark \| (0x[0-9a-f]{8})$/,
    toIptables: ([mask]) => `-j MARK --set-xmark ${short(mask)}/${short(mask)}`,
  },
  {
    iptables: /^-j MARK --set-xmark 0x0\/(0x[0-9a-f]+)$/,
    toNft: ([mask]) => `meta mark set meta mark & ${eight(~Number(mask))}`,
    nft: () => /^meta mark set meta mark & (0x[0-9a-f]{8})$/,
    toIptables: ([rest]) => `-j MARK --set-xmark 0x0/${short(~Number(rest))}`,
  },
  {
    iptables: new RegExp(`^-j SET --add-set ${SET} src --exist --timeout (\\d+)$`),
    toNft: ([set, seconds], { word }) => `update @${set} { ${word} saddr timeout ${duration(Number(seconds))} }`,
    nft: ({ word }) => new RegExp(`^update @${SET} \\{ ${word} saddr timeout (\\w+) \\}$`),
    toIptables: ([set, time]) => `-j SET --add-set ${set} src --exist --timeout ${secondsOf(time ?? '')}`,
  },
  jumpTo('-j', 'jump'),
  jumpTo('-g', 'goto'),
];

function address(option: '-s' | '-d', field: 'saddr' | 'daddr'): Clause {
  return {
    iptables: new RegExp(`^(! )?${option} ${RANGE}(?= )`),
    toNft: ([not, range = ''], { word, width }) =>
      `${word} ${field} ${not ? '!= ' : ''}${range.endsWith(`/${width}`) ? range.slice(0, range.indexOf('/')) : range}`,
    nft: ({ word }) => new RegExp(`^${word} ${field} (!= )?${RANGE}(?= )`),
    toIptables: ([not, range = ''], { width }) =>
      `${not ? '! ' : ''}${option} ${range.includes('/') ? range : `${range}/${width}`}`,
  };
}

function jumpTo(option: '-j' | '-g', verb: 'jump' | 'goto'): Clause {
  return {
    iptables: new RegExp(`^${option} ${CHAIN}$`),
    toNft: ([chain]) => `${verb} ${chain}`,
    nft: () => new RegExp(`^${verb} ${CHAIN}$`),
    toIptables: ([chain]) => `${option} ${chain}`,
  };
}

type Spoken = Clause & { readonly said: RegExp };
const spoken = (clauses: readonly Clause[], ip: Ip): Spoken[] =>
  clauses.map((clause) => ({ ...clause, said: clause.nft(ip) }));
/** With the expressions made once for each family. */
const SPOKEN: Readonly<Record<Family, { readonly matches: Spoken[]; readonly targets: Spoken[] }>> = {
  IPv4: { matches: spoken(MATCHES, IP.IPv4), targets: spoken(TARGETS, IP.IPv4) },
  IPv6: { matches: spoken(MATCHES, IP.IPv6), targets: spoken(TARGETS, IP.IPv6) },
};

/** A comment stands before the target in iptables, and at the end in nft, where a quote in it cannot be said. */
const COMMENT = /^-m comment --comment "([^"\\]*)" /;

/**
 * One rule of ours, iptables → nft.
 * @param rule as after `-A CHAIN `
 * @throws Error that names the word which is not among ours
 */
export function toNft(rule: string, family: Family): string {
  const ip = IP[family];
  const words: string[] = [];
  let rest = rule;
  for (;;) {
    const clause = MATCHES.find(({ iptables }) => iptables.test(rest));
    if (!clause) break;
    const [whole, ...found] = clause.iptables.exec(rest) ?? [''];
    words.push(clause.toNft(found, ip));
    rest = rest.slice(whole.length + 1);
  }
  const [quoted = '', comment] = COMMENT.exec(rest) ?? [];
  rest = rest.slice(quoted.length);
  const target = TARGETS.find(({ iptables }) => iptables.test(rest));
  if (!target) throw new Error(`nft: cannot say ${rest === '' ? 'a rule without target' : rest} of rule: ${rule}`);
  const [, ...found] = target.iptables.exec(rest) ?? [];
  words.push('counter', target.toNft(found, ip));
  if (comment !== undefined) words.push(`comment "${comment}"`);
  return words.join(' ');
}

/** What one rule of nft has matched since it was written. */
export interface NftRule {
  /** In iptables' words; of a rule that we never write, `nft ` and what nft printed. */
  readonly rule: string;
  readonly packets: number;
  readonly bytes: number;
}

/** One rule as `nft list` prints it → iptables. */
export function fromNft(text: string, family: Family): NftRule {
  const ip = IP[family];
  const { matches, targets } = SPOKEN[family];
  const words: string[] = [];
  let rest = text.trim();
  for (;;) {
    const clause = matches.find(({ said }) => said.test(rest));
    if (!clause) break;
    const [whole, ...found] = clause.said.exec(rest) ?? [''];
    words.push(clause.toIptables(found, ip));
    rest = rest.slice(whole.length + 1);
  }
  const [, packets, bytes, end = '', comment] =
    /^counter (?:packets (\d+) bytes (\d+) )?(.*?)(?: comment "([^"]*)")?$/.exec(rest) ?? [];
  const target = targets.find(({ said }) => said.test(end));
  const count = { packets: Number(packets ?? 0), bytes: Number(bytes ?? 0) };
  if (!target) return { rule: `nft ${text.trim()}`, ...count };
  const [, ...found] = target.said.exec(end) ?? [];
  if (comment !== undefined) words.push(`-m comment --comment "${comment}"`);
  words.push(target.toIptables(found, ip));
  return { rule: words.join(' '), ...count };
}

const eight = (mask: string | number = 0): string => `0x${(Number(mask) >>> 0).toString(16).padStart(8, '0')}`;
const short = (mask: string | number = 0): string => `0x${(Number(mask) >>> 0).toString(16)}`;

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** 10801 → `3h1s`, as nft prints it. */
export function duration(seconds: number): string {
  let text = '';
  let left = seconds;
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) text += `${count}${unit}`;
    left -= count * size;
  }
  return text || '0s';
}

function secondsOf(text: string): number {
  let seconds = 0;
  for (const [unit, size] of UNITS) seconds += Number(new RegExp(`(\\d+)${unit}(?!s)`).exec(text)?.[1] ?? 0) * size;
  return seconds;
}
