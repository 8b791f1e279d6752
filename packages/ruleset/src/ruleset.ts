import type { Family } from '@kubecity/routing';

export type Table = 'nat' | 'filter';
export const TABLES: readonly Table[] = ['filter', 'nat'];

/** The rules of one chain, in order: what iptables-save prints behind `-A CHAIN `. */
export type Chain = readonly string[];

/** A rule of ours in a chain that is not ours: the door from the kernel's hooks into our chains. */
export interface Jump {
  readonly table: Table;
  readonly from: string;
  readonly rule: string;
}

/** Everything we want in the kernel, one family. */
export interface Ruleset {
  readonly family: Family;
  readonly chains: Readonly<Record<Table, ReadonlyMap<string, Chain>>>;
  readonly jumps: readonly Jump[];
  /** Names of the ipsets that rules of ours use: hash:ip of this family, entries with a timeout of their own. */
  readonly sets: ReadonlySet<string>;
}

export function countRules(ruleset: Ruleset): { chains: number; rules: number } {
  let chains = 0;
  let rules = ruleset.jumps.length;
  for (const table of TABLES) {
    for (const chain of ruleset.chains[table].values()) {
      chains++;
      rules += chain.length;
    }
  }
  return { chains, rules };
}
