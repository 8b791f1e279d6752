import { type Rule, renderRule, type Table } from './rule.ts';

/** The rules of one of our chains, in order; the text is what iptables-save prints behind `-A CHAIN `. */
export interface Chain {
  readonly rules: readonly Rule[];
  readonly text: readonly string[];
}

/** A rule of ours in a chain that is not ours: the door from the kernel's hooks into our chains. */
export interface Jump {
  readonly table: Table;
  readonly from: string;
  readonly rule: string;
}

/** Everything we want in the kernel. */
export interface Ruleset {
  readonly chains: Readonly<Record<Table, ReadonlyMap<string, Chain>>>;
  readonly jumps: readonly Jump[];
}

export const TABLES: readonly Table[] = ['filter', 'nat'];

export function chainOf(rules: readonly Rule[]): Chain {
  return { rules, text: rules.map(renderRule) };
}

export function countRules(ruleset: Ruleset): { chains: number; rules: number } {
  let chains = 0;
  let rules = ruleset.jumps.length;
  for (const table of TABLES) {
    for (const chain of ruleset.chains[table].values()) {
      chains++;
      rules += chain.text.length;
    }
  }
  return { chains, rules };
}
