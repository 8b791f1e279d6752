import { SERVICES } from '../fixed.ts';
import { isHook, isOurs, type NftTable } from './nft-table.ts';

/**
 * Where the chains stand that choose a backend: in table nat of iptables, or in a table of nftables of ours that packets
 * meet before any other. What acts on our mark afterwards (POSTROUTING, filter) is iptables' in both cases.
 */
export type Front = 'iptables' | 'nft';

/** Behind the name of a chain that stands on the side which is not the front: nobody wishes it there, so it goes. */
export const MISPLACED = '@';

/** Chains of nat that every packet meets only after its backend was chosen. */
const AFTER = 'CITY-POSTROUTING';

/** Whether a chain of nat stands at the front. */
export const isFront = (chain: string): boolean => isOurs(chain) && chain !== AFTER;

/**
 * One iptables-save text of both sides, in the words of one: what is at the front is told as if it stood in table nat, first of all
 * there; what of ours is on the other side gets a name that no ruleset has.
 * @param iptables the output of iptables-save
 * @param nft undefined = no such table
 */
export function joined(iptables: string, nft: NftTable | undefined, front: Front): string {
  const ofNft = linesOf(nft, front);
  const lines = iptables.split('\n');
  const begin = lines.indexOf('*nat');
  if (begin < 0) {
    if (!nft) return iptables;
    const hooks = ['PREROUTING', 'OUTPUT'].map((hook) => `:${hook} ACCEPT [0:0]`);
    return [...lines, '*nat', ...hooks, ...ofNft.chains, ...ofNft.rules, 'COMMIT', ''].join('\n');
  }
  const end = lines.indexOf('COMMIT', begin);
  const own = lines.slice(begin, end).map((line) => (front === 'nft' ? misplaced(line) : line));
  const firstRule = own.findIndex((line) => line.startsWith('-A '));
  const at = firstRule < 0 ? own.length : firstRule;
  const nat = [...own.slice(0, at), ...ofNft.chains, ...ofNft.rules, ...own.slice(at)];
  return [...lines.slice(0, begin), ...nat, ...lines.slice(end)].join('\n');
}

/** The same for chains that were asked for by name. */
export function listed(chains: NftTable['chains']): string {
  return [...chains]
    .flatMap(([name, rules]) => [`-N ${name}`, ...rules.map(({ rule }) => `-A ${name} ${rule}`), ''])
    .join('\n');
}

function linesOf(nft: NftTable | undefined, front: Front): { chains: string[]; rules: string[] } {
  if (!nft) return { chains: [], rules: [] };
  const mark = front === 'nft' ? '' : MISPLACED;
  const ours = [...nft.chains].filter(([name]) => isOurs(name) || isHook(name));
  const names = new Set(ours.map(([name]) => name).filter(isOurs));
  // A table goes with this chain, also one that has lost it.
  if (front === 'iptables') names.add(SERVICES);
  return {
    chains: [...names].map((name) => `:${name}${mark} - [0:0]`),
    rules: ours.flatMap(([name, rules]) =>
      rules.map(({ rule }) => `-A ${isOurs(name) ? name + mark : name} ${markTarget(rule, mark)}`),
    ),
  };
}

const markTarget = (rule: string, mark: string): string =>
  rule.replace(/(^| )(-[jg]) (CITY-\S+)$/, (all, space, verb, chain) =>
    isFront(chain) ? `${space}${verb} ${chain}${mark}` : all,
  );

function misplaced(line: string): string {
  const [, head, name = '', rest = ''] = /^(:|-A )(\S+)(.*)$/.exec(line) ?? [];
  if (head === undefined) return line;
  return `${head}${isFront(name) ? name + MISPLACED : name}${markTarget(rest, MISPLACED)}`;
}

/** A restore text, by who must carry it out. */
export interface Parts {
  /** Restore text for iptables; the table nat without what is at the front of nft. */
  readonly iptables: string;
  /** Lines of nat for nft. */
  readonly nft: readonly string[];
  /** What goes from the side that is not the front, which is then whole: restore text for iptables, or lines for nft. */
  readonly misplaced: readonly string[];
}

/** @param text of `iptables-restore`, made of a difference to what `joined` told */
export function parted(text: string, front: Front): Parts {
  const iptables: string[] = [];
  const nft: string[] = [];
  const misplaced: string[] = [];
  let table: string[] = [];
  let isNat = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      isNat = line === '*nat';
      table = [line];
    } else if (line === 'COMMIT') {
      if (table.length > 1) iptables.push(...table, line);
    } else if (line !== '') {
      const chain = isNat ? chainOf(line) : '';
      if (chain.endsWith(MISPLACED)) misplaced.push(line.replace(chain, chain.slice(0, -MISPLACED.length)));
      else if (front === 'nft' && isFront(chain)) nft.push(line);
      else table.push(line);
    }
  }
  return { iptables: iptables.map((line) => `${line}\n`).join(''), nft, misplaced };
}

/** The chain a line is about: its own, or for a rule in a hook the one that it leads to. */
function chainOf(line: string): string {
  const [, declared, verb, chain = '', target = ''] = /^(?::(\S+)|(-\w) (\S+))(?:.* -[jg] (\S+)$)?/.exec(line) ?? [];
  if (declared !== undefined) return declared;
  return verb === '-I' || verb === '-D' ? target : chain;
}
