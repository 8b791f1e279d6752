import type { Family } from '@kubecity/routing';
import { OUR_PREFIX } from './names.ts';
import { ownerOfJump } from './owner.ts';
import { type Chain, type Jump, type Ruleset, TABLES, type Table } from './ruleset.ts';

/** What iptables-save says of us: our chains with their rules, and our jumps in other chains. */
export interface KernelState {
  readonly chains: Readonly<Record<Table, ReadonlyMap<string, Chain>>>;
  /** Per table, in order: `CHAIN rule` of each rule in a foreign chain that leads to a chain of ours. */
  readonly jumps: Readonly<Record<Table, readonly string[]>>;
  /**
   * Those of the jumps that must move to the head: ways in of nat that a packet meets only after kube-proxy's, which leaves us
   * none of those it knows, and ways into isolation that it meets only after a rule that may have accepted it.
   */
  readonly overtaken: readonly string[];
  /** How many ways into isolation stand at the head of a foreign chain of filter, where a new jump must leave them. */
  readonly leading?: ReadonlyMap<string, number>;
}

export const EMPTY_KERNEL: KernelState = {
  chains: { filter: new Map(), nat: new Map() },
  jumps: { filter: [], nat: [] },
  overtaken: [],
};

interface ParsedTable {
  readonly chains: Map<string, string[]>;
  readonly jumps: string[];
  /** Those of the jumps that stand behind kube-proxy's in the same chain. */
  readonly overtaken: string[];
  /** Ways into isolation behind a rule that may accept, and how many are at the head of each chain. */
  readonly passedOver: string[];
  readonly leading: Map<string, number>;
}

/**
 * Reads the output of `iptables-save -t TABLE` or of `iptables -S CHAIN`. Foreign chains and rules are passed over. With
 * iptables-legacy only the former declares chains with a colon; the latter says `-N CHAIN`.
 */
export function parseSave(text: string): ParsedTable {
  const chains = new Map<string, string[]>();
  const jumps: string[] = [];
  const overtaken: string[] = [];
  const withKubeProxy = new Set<string>();
  const passedOver: string[] = [];
  const leading = new Map<string, number>();
  const withOthers = new Set<string>();
  const accepting = new Set<string>();
  for (const line of text.split('\n')) {
    if (line.startsWith(':') || line.startsWith('-N ')) {
      const name = line.startsWith(':') ? line.slice(1, line.indexOf(' ')) : line.slice(3).trim();
      if (name.startsWith(OUR_PREFIX)) chains.set(name, []);
    } else if (line.startsWith('-A ')) {
      const end = line.indexOf(' ', 3);
      const name = line.slice(3, end === -1 ? undefined : end);
      const rule = end === -1 ? '' : line.slice(end + 1);
      const chain = chains.get(name);
      if (chain) chain.push(rule);
      else if (leadsToUs(rule)) {
        jumps.push(`${name} ${rule}`);
        if (withKubeProxy.has(name)) overtaken.push(`${name} ${rule}`);
      } else if (/ -j KUBE-SERVICES$|^-j KUBE-SERVICES$/.test(rule)) withKubeProxy.add(name);
      if (chain) continue;
      if (leadsToUs(rule) && ownerOfJump(rule) === 'isolation') {
        if (accepting.has(name)) passedOver.push(`${name} ${rule}`);
        else if (!withOthers.has(name)) leading.set(name, (leading.get(name) ?? 0) + 1);
      } else {
        withOthers.add(name);
        if (mayAccept(rule)) accepting.add(name);
      }
    }
  }
  return { chains, jumps, overtaken, passedOver, leading };
}

/** Whether a packet may be past all that follows after this rule. Words in a comment may look like a target: then it may. */
function mayAccept(rule: string): boolean {
  return [...rule.matchAll(/(?:^| )-[jg] (\S+)/g)].some(([, target = '']) => !NEVER_ACCEPTING.has(target));
}

const NEVER_ACCEPTING: ReadonlySet<string> = new Set([
  'DROP',
  'REJECT',
  'LOG',
  'NFLOG',
  'MARK',
  'CONNMARK',
  'SET',
  'TRACE',
]);

/** The ruleset that a kernel holds, to be walked: what is there, whoever put it there. */
export function rulesetOf({ chains, jumps }: Pick<KernelState, 'chains' | 'jumps'>, family: Family): Ruleset {
  const split = (table: Table) =>
    jumps[table].map((jump): Jump => {
      const end = jump.indexOf(' ');
      return { table, from: jump.slice(0, end), rule: jump.slice(end + 1) };
    });
  return { family, chains, jumps: [...split('nat'), ...split('filter')], sets: new Set() };
}

/** Reads the output of `iptables-save` for all tables; those that are not ours to use are passed over. */
export function parseSaveAll(text: string): KernelState {
  const sections = tablesOf(text);
  const parts = { filter: parseSave(sections.filter), nat: parseSave(sections.nat) };
  return {
    chains: { filter: parts.filter.chains, nat: parts.nat.chains },
    jumps: { filter: parts.filter.jumps, nat: parts.nat.jumps },
    overtaken: [...parts.nat.overtaken, ...parts.filter.passedOver],
    leading: parts.filter.leading,
  };
}

/** The text of each table; empty where it is not there. */
export function tablesOf(text: string): Record<Table, string> {
  const sections = { filter: '', nat: '' };
  for (const section of text.split(/^\*/m)) {
    const table = section.slice(0, section.indexOf('\n'));
    if (table === 'filter' || table === 'nat') sections[table] = section;
  }
  return sections;
}

export function leadsToUs(rule: string): boolean {
  return / -[jg] CITY-|^-[jg] CITY-/.test(rule);
}

/** The kernel as it looks when the ruleset is in it. */
export function stateOf({ chains, jumps }: Ruleset): KernelState {
  const of = (table: Table) => jumps.filter((jump) => jump.table === table).map((jump) => `${jump.from} ${jump.rule}`);
  return { chains, jumps: { filter: of('filter'), nat: of('nat') }, overtaken: [] };
}

/** Whether these rules of ours, on either side of a front, route every Service: the way into them is not guarded by a lease. */
export function routesAll({ jumps }: KernelState): boolean {
  return jumps.nat.some((jump) => /^(PREROUTING|OUTPUT) -j CITY-SERVICES@?$/.test(jump));
}

/** First difference in words, for logs and errors; undefined when the kernel is as wished. */
export function firstDifference(wanted: KernelState, found: KernelState): string | undefined {
  for (const table of TABLES) {
    for (const [name, rules] of wanted.chains[table]) {
      const difference = chainDifference(name, rules, found.chains[table].get(name));
      if (difference) return `${table}: ${difference}`;
    }
    for (const name of found.chains[table].keys()) {
      if (!wanted.chains[table].has(name)) return `${table}: chain ${name} is not wanted`;
    }
    const missing = wanted.jumps[table].find((jump) => !found.jumps[table].includes(jump));
    if (missing) return `${table}: jump is missing: ${missing}`;
    if (found.jumps[table].length !== wanted.jumps[table].length)
      return `${table}: a jump of ours stands twice or leads astray`;
  }
  const [behind] = found.overtaken;
  return behind === undefined ? undefined : `rules of others stand in front of our jump: ${behind}`;
}

/** How one chain differs from what is wanted of it; `found` is undefined where the kernel has no such chain. */
export function chainDifference(name: string, wanted: Chain, found: Chain | undefined): string | undefined {
  if (!found) return `chain ${name} is missing`;
  const length = Math.max(wanted.length, found.length);
  for (let i = 0; i < length; i++) {
    if (wanted[i] !== found[i]) {
      return `chain ${name}, rule ${i + 1}: wanted ${wanted[i] ?? 'none'}, found ${found[i] ?? 'none'}`;
    }
  }
  return undefined;
}
