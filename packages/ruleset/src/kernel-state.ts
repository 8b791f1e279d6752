import { OUR_PREFIX } from './names.ts';
import type { Table } from './rule.ts';
import { type Ruleset, TABLES } from './ruleset.ts';

/** What iptables-save says of us: our chains with their rules, and our jumps in other chains. */
export interface KernelState {
  readonly chains: Readonly<Record<Table, ReadonlyMap<string, readonly string[]>>>;
  /** Per table, in order: `CHAIN rule` of each rule in a foreign chain that leads to a chain of ours. */
  readonly jumps: Readonly<Record<Table, readonly string[]>>;
}

export const EMPTY_KERNEL: KernelState = {
  chains: { filter: new Map(), nat: new Map() },
  jumps: { filter: [], nat: [] },
};

/** Reads the output of `iptables-save` for one table. Foreign chains and rules are passed over. */
export function parseSave(text: string): { chains: Map<string, string[]>; jumps: string[] } {
  const chains = new Map<string, string[]>();
  const jumps: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith(':')) {
      const name = line.slice(1, line.indexOf(' '));
      if (name.startsWith(OUR_PREFIX)) chains.set(name, []);
    } else if (line.startsWith('-A ')) {
      const end = line.indexOf(' ', 3);
      const name = line.slice(3, end);
      const rule = line.slice(end + 1);
      const chain = chains.get(name);
      if (chain) chain.push(rule);
      else if (leadsToUs(rule)) jumps.push(`${name} ${rule}`);
    }
  }
  return { chains, jumps };
}

function leadsToUs(rule: string): boolean {
  return / -[jg] CITY-|^-[jg] CITY-/.test(rule);
}

/** The kernel as it looks when the ruleset is in it. */
export function stateOf(ruleset: Ruleset): KernelState {
  const chains = (table: Table) => new Map([...ruleset.chains[table]].map(([name, chain]) => [name, chain.text]));
  const jumps = (table: Table) => ruleset.jumps.filter((j) => j.table === table).map((j) => `${j.from} ${j.rule}`);
  return {
    chains: { filter: chains('filter'), nat: chains('nat') },
    jumps: { filter: jumps('filter'), nat: jumps('nat') },
  };
}

/** First difference in words, for logs and errors; undefined when the kernel is as wished. */
export function firstDifference(wanted: KernelState, found: KernelState): string | undefined {
  for (const table of TABLES) {
    for (const [name, rules] of wanted.chains[table]) {
      const there = found.chains[table].get(name);
      if (!there) return `${table}: chain ${name} is missing`;
      const length = Math.max(rules.length, there.length);
      for (let i = 0; i < length; i++) {
        if (rules[i] !== there[i]) {
          return `${table}: chain ${name}, rule ${i + 1}: wanted ${rules[i] ?? 'none'}, found ${there[i] ?? 'none'}`;
        }
      }
    }
    for (const name of found.chains[table].keys()) {
      if (!wanted.chains[table].has(name)) return `${table}: chain ${name} is not wanted`;
    }
    const missing = wanted.jumps[table].find((jump) => !found.jumps[table].includes(jump));
    if (missing) return `${table}: jump is missing: ${missing}`;
    if (found.jumps[table].length !== wanted.jumps[table].length)
      return `${table}: a jump of ours stands twice or leads astray`;
  }
  return undefined;
}
