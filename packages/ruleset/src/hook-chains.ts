import { leadsToUs, tablesOf } from './kernel-state.ts';
import { TABLES, type Table } from './ruleset.ts';

/** What others have in a chain that the kernel's hooks enter, where our jumps stand too. */
export interface HookChain {
  readonly table: Table;
  readonly chain: string;
  /** What becomes of a packet that no rule took: `ACCEPT` or `DROP`. */
  readonly policy: string;
  /** Rules of others that a packet meets before the first of our jumps, and all others of theirs. */
  readonly before: number;
  readonly after: number;
}

/** Reads the output of `iptables-save`: the built-in chains of our tables, which are the ones with a policy. */
export function hookChains(text: string): HookChain[] {
  const sections = tablesOf(text);
  return TABLES.flatMap((table) => hooksOf(table, sections[table]));
}

function hooksOf(table: Table, text: string): HookChain[] {
  const hooks = new Map<string, { policy: string; before: number; after: number; met: boolean }>();
  for (const line of text.split('\n')) {
    const [, chain, policy] = /^:(\S+) ([A-Z]+) /.exec(line) ?? [];
    if (chain !== undefined && policy !== undefined) hooks.set(chain, { policy, before: 0, after: 0, met: false });
    if (!line.startsWith('-A ')) continue;
    const end = line.indexOf(' ', 3);
    const hook = hooks.get(line.slice(3, end));
    if (!hook) continue;
    if (leadsToUs(line.slice(end + 1))) hook.met = true;
    else hook[hook.met ? 'after' : 'before'] += 1;
  }
  return [...hooks].map(([chain, { policy, before, after, met }]) =>
    // Where no jump of ours stands, none of theirs is after it.
    met ? { table, chain, policy, before, after } : { table, chain, policy, before: 0, after: before },
  );
}
