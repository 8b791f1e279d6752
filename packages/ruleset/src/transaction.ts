import type { KernelState } from './kernel-state.ts';
import type { Table } from './rule.ts';
import { TABLES } from './ruleset.ts';

interface TablePart {
  readonly write: readonly { readonly chain: string; readonly rules: readonly string[] }[];
  readonly remove: readonly string[];
  readonly addJumps: readonly string[];
  readonly removeJumps: readonly string[];
}

/** The difference between two kernel states, as one atomic restore per table. */
export interface Transaction {
  readonly tables: Readonly<Partial<Record<Table, TablePart>>>;
  /** Cost: chains written or removed, and rules written. */
  readonly chains: number;
  readonly rules: number;
}

/** What must be written so that `found` becomes `wanted`. Chains that are equal are not touched. */
export function diff(found: KernelState, wanted: KernelState): Transaction {
  const tables: Partial<Record<Table, TablePart>> = {};
  let chains = 0;
  let rules = 0;
  for (const table of TABLES) {
    const part = diffTable(table, found, wanted);
    if (!part) continue;
    tables[table] = part;
    chains += part.write.length + part.remove.length;
    rules += part.write.reduce((sum, { rules: list }) => sum + list.length, 0) + part.addJumps.length;
  }
  return { tables, chains, rules };
}

function diffTable(table: Table, found: KernelState, wanted: KernelState): TablePart | undefined {
  const has = found.chains[table];
  const wants = wanted.chains[table];
  const write = [...wants].filter(([chain, rules]) => !sameText(has.get(chain), rules));
  const remove = [...has.keys()].filter((chain) => !wants.has(chain));
  const { addJumps, removeJumps } = diffJumps(found.jumps[table], wanted.jumps[table]);
  if (write.length + remove.length + addJumps.length + removeJumps.length === 0) return undefined;
  return { write: write.map(([chain, rules]) => ({ chain, rules })), remove, addJumps, removeJumps };
}

function diffJumps(found: readonly string[], wanted: readonly string[]) {
  const surplus = [...found];
  const addJumps: string[] = [];
  for (const jump of wanted) {
    const at = surplus.indexOf(jump);
    if (at < 0) addJumps.push(jump);
    else surplus.splice(at, 1);
  }
  return { addJumps, removeJumps: surplus };
}

function sameText(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a !== undefined && a.length === b.length && a.every((line, i) => line === b[i]);
}

export function isEmpty(transaction: Transaction): boolean {
  return Object.keys(transaction.tables).length === 0;
}

/**
 * Input of `iptables-restore --noflush`. Declaring a chain empties it, so a chain is written whole; every chain is
 * declared before any rule names it; a chain that goes is emptied first and deleted last, when nothing leads to it any
 * more. A new jump goes to the head of its chain (`-I`), in front of whoever else routes there.
 */
export function renderRestore(transaction: Transaction): string {
  const lines: string[] = [];
  for (const table of TABLES) {
    const part = transaction.tables[table];
    if (!part) continue;
    lines.push(`*${table}`);
    for (const { chain } of part.write) lines.push(`:${chain} - [0:0]`);
    for (const chain of part.remove) lines.push(`:${chain} - [0:0]`);
    for (const jump of part.removeJumps) lines.push(`-D ${jump}`);
    for (const { chain, rules } of part.write) for (const rule of rules) lines.push(`-A ${chain} ${rule}`);
    for (const jump of part.addJumps) {
      const end = jump.indexOf(' ');
      lines.push(`-I ${jump.slice(0, end)} 1 ${jump.slice(end + 1)}`);
    }
    for (const chain of part.remove) lines.push(`-X ${chain}`);
    lines.push('COMMIT');
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
