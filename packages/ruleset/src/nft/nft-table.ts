import type { Family } from '@kubecity/routing';
import { OUR_PREFIX } from '../names.ts';
import { fromNft, type NftRule } from './rule-words.ts';

/** Our table of nftables, one a family: all in it is ours. */
export const NFT_TABLE: Readonly<Record<Family, string>> = { IPv4: 'ip kubecity', IPv6: 'ip6 kubecity' };

/**
 * The kernel's chains of nat at one hook run by priority, and the first that translates a connection ends the row; of equal
 * priority the one that registered last goes first, which nobody can rely on. Everybody else's is -100 (`dstnat`).
 */
const PRIORITY = -110;
const HOOKS: ReadonlyMap<string, string> = new Map([
  ['PREROUTING', 'prerouting'],
  ['OUTPUT', 'output'],
]);

/** What our table holds, in iptables' words; chains of the hooks among them, by iptables' names for them. */
export interface NftTable {
  readonly chains: ReadonlyMap<string, readonly NftRule[]>;
  readonly sets: readonly string[];
}

/** Reads the output of `nft -t list table`; with `-s` counters are 0. */
export function parseNftTable(text: string, family: Family): NftTable {
  const chains = new Map<string, NftRule[]>();
  const sets: string[] = [];
  let chain: NftRule[] | undefined;
  for (const line of text.split('\n')) {
    const [, kind, name = ''] = /^\t(set|chain) (\S+) \{/.exec(line) ?? [];
    if (kind === 'set') sets.push(name);
    else if (kind === 'chain') {
      chain = [];
      chains.set(name, chain);
    } else if (line === '\t}') chain = undefined;
    else if (!line.startsWith('\t\ttype ')) chain?.push(fromNft(line, family));
  }
  return { chains, sets };
}

/** Whether iptables' name of a chain of nat is one that stands in our table when that is in front. */
export const isHook = (chain: string): boolean => HOOKS.has(chain);
export const isOurs = (chain: string): boolean => chain.startsWith(OUR_PREFIX);

/** Makes the table; nothing when it is there. */
export const addTable = (family: Family): string => `add table ${NFT_TABLE[family]}`;

export const addChain = (family: Family, chain: string): string => {
  const hook = HOOKS.get(chain);
  const type = hook === undefined ? '' : ` { type nat hook ${hook} priority ${PRIORITY}; policy accept; }`;
  return `add chain ${NFT_TABLE[family]} ${chain}${type}`;
};

/** Clients that session affinity holds: entries bring their own timeout. */
export const addClientSet = (family: Family, name: string, most: number): string =>
  `add set ${NFT_TABLE[family]} ${name} { type ${family === 'IPv4' ? 'ipv4' : 'ipv6'}_addr; flags dynamic,timeout; size ${most}; }`;

export const addLeaseSet = (family: Family, name: string, elements = ''): string =>
  `add set ${NFT_TABLE[family]} ${name} { type inet_proto; flags timeout; ${elements}}`;

/**
 * One transaction: whoever looks finds the old entries or the new. No protocol but these has Services. The new ones are told with
 * their set: for `add element` nft (1.0.6) reads every chain of every table first, 0.1 s beside a kube-proxy of 5,000 Services.
 */
export function renewLease(family: Family, name: string, seconds: number): readonly string[] {
  const elements = ['tcp', 'udp', 'sctp'].map((protocol) => `${protocol} timeout ${seconds}s`).join(', ');
  return [
    addTable(family),
    addLeaseSet(family, name),
    `flush set ${NFT_TABLE[family]} ${name}`,
    addLeaseSet(family, name, `elements = { ${elements} } `),
  ];
}
