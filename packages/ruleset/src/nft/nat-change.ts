import type { Family } from '@kubecity/routing';
import { SERVICES } from '../fixed.ts';
import { LEASE } from '../names.ts';
import { addChain, addLeaseSet, addTable, isHook, NFT_TABLE } from './nft-table.ts';
import { toNft } from './rule-words.ts';

/** One command of nft, and the line of the restore text that it stands for. */
export interface NftLine {
  readonly text: string;
  readonly from: string;
}

/** A rule that cannot be said in nft. */
export class UnknownWordsError extends Error {
  override readonly name = 'UnknownWordsError';
  /** As in the restore text. */
  readonly line: string;

  constructor(line: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.line = line;
  }
}

/**
 * Lines of `*nat` of a restore text → one transaction of nft. A chain that is declared is emptied, as iptables does; whatever
 * a rule leads to is made before it. The table goes with the chain that all the others are reached through: who takes that away
 * takes all of them.
 * @param lines `:CHAIN …`, `-A CHAIN RULE`, `-I HOOK 1 RULE`, `-D HOOK RULE`, `-X CHAIN`
 * @param hooks what the chains of the hooks hold now, in iptables' words; one that is not named holds nothing
 * @throws UnknownWordsError
 */
export function natChange(
  lines: readonly string[],
  hooks: ReadonlyMap<string, readonly string[]>,
  family: Family,
): NftLine[] {
  const table = NFT_TABLE[family];
  const written = lines.flatMap((from) => readLine(from) ?? []);
  const removed = new Set(written.filter(({ verb }) => verb === '-X').map(({ chain }) => chain));
  if (removed.has(SERVICES)) return [{ text: `delete table ${table}`, from: `-X ${SERVICES}` }];
  const after = hooksAfter(written, hooks);

  const declared = written.filter(({ verb }) => verb === ':');
  const say = (each: Written, words: string): NftLine => ({ text: words, from: each.from });
  return [
    { text: addTable(family), from: '' },
    ...declared.map((each) => say(each, addChain(family, each.chain))),
    ...declared.map((each) => say(each, `flush chain ${table} ${each.chain}`)),
    ...written
      .filter(({ verb }) => verb === '-A')
      .map((each) => say(each, `add rule ${table} ${each.chain} ${inNft(each, family)}`)),
    // Without a lease nobody comes in: that is what an empty set says.
    ...(asksLease(after, family) ? [{ text: addLeaseSet(family, LEASE[family]), from: '' }] : []),
    ...[...after].flatMap(([hook, rules]) => [
      { text: addChain(family, hook), from: '' },
      { text: `flush chain ${table} ${hook}`, from: '' },
      ...rules.map((each) => say(each, `add rule ${table} ${hook} ${inNft(each, family)}`)),
    ]),
    ...[...removed].map((chain) => ({ text: `delete chain ${table} ${chain}`, from: `-X ${chain}` })),
  ];
}

/** The hooks whose rules these lines change. */
export function hooksIn(lines: readonly string[]): Set<string> {
  const written = lines.flatMap((from) => readLine(from) ?? []);
  return new Set(written.filter(({ verb }) => verb === '-I' || verb === '-D').map(({ chain }) => chain));
}

interface Written {
  readonly verb: ':' | '-A' | '-I' | '-D' | '-X';
  readonly chain: string;
  readonly rule: string;
  readonly from: string;
}

function readLine(from: string): Written | undefined {
  const [, verb, chain = '', rest = ''] = /^(:|-[AIDX] )(\S+) ?(.*)$/.exec(from) ?? [];
  if (verb === undefined) return undefined;
  const rule = verb === '-I ' ? rest.replace(/^1 /, '') : rest;
  return { verb: verb.trim() as Written['verb'], chain, rule, from };
}

/** A rule is deleted by its place, which only a listing tells: a hook's few rules are written anew instead. */
function hooksAfter(
  written: readonly Written[],
  before: ReadonlyMap<string, readonly string[]>,
): Map<string, readonly Written[]> {
  const hooks = new Map<string, readonly Written[]>();
  for (const each of written) {
    if (!isHook(each.chain) || (each.verb !== '-I' && each.verb !== '-D')) continue;
    const now = hooks.get(each.chain) ?? rulesOf(each.chain, before);
    const at = now.findIndex(({ rule }) => rule === each.rule);
    hooks.set(each.chain, each.verb === '-I' ? [each, ...now] : now.filter((_, i) => i !== at));
  }
  return hooks;
}

const asksLease = (hooks: ReadonlyMap<string, readonly Written[]>, family: Family): boolean =>
  [...hooks.values()].flat().some(({ rule }) => rule.includes(` ${LEASE[family]} `));

const rulesOf = (chain: string, before: ReadonlyMap<string, readonly string[]>): Written[] =>
  (before.get(chain) ?? []).map((rule) => ({ verb: '-A', chain, rule, from: `-A ${chain} ${rule}` }));

function inNft({ rule, from }: Written, family: Family): string {
  try {
    return toNft(rule, family);
  } catch (error) {
    throw new UnknownWordsError(from, error);
  }
}
