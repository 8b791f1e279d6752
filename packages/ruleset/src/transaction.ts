import { sameText, type Touched } from './compile.ts';
import type { KernelState } from './kernel-state.ts';
import { type Chain, type Ruleset, TABLES, type Table } from './ruleset.ts';

export interface TablePart {
  readonly write: readonly { readonly chain: string; readonly rules: Chain }[];
  readonly remove: readonly string[];
  readonly addJumps: readonly string[];
  readonly removeJumps: readonly string[];
  /** How many rules at the head of a foreign chain stay in front of what is added. */
  readonly leading?: ReadonlyMap<string, number>;
}

/** A change of the kernel. */
export interface Transaction {
  readonly tables: Readonly<Partial<Record<Table, TablePart>>>;
  /** Cost: chains written or removed, and rules written. */
  readonly chains: number;
  readonly rules: number;
  /** Table nat is committed before filter, and not after it. */
  readonly natFirst?: boolean;
}

/** What must be written so that `found` becomes `wanted`. Chains that are equal are not touched. */
export function diff(found: KernelState, wanted: KernelState): Transaction {
  return transaction((table) => {
    const has = found.chains[table];
    const wants = wanted.chains[table];
    return {
      write: [...wants]
        .filter(([chain, rules]) => !sameText(has.get(chain), rules))
        .map(([chain, rules]) => ({ chain, rules })),
      remove: [...has.keys()].filter((chain) => !wants.has(chain)),
      ...diffJumps(found.jumps[table], wanted.jumps[table], found.overtaken),
      ...(table === 'filter' && found.leading && { leading: found.leading }),
    };
  });
}

/** What must be written when the kernel holds the ruleset as it was before exactly these chains changed. */
export function changesOf(ruleset: Ruleset, touched: Touched): Transaction {
  return transaction((table) => {
    const write: { chain: string; rules: Chain }[] = [];
    const remove: string[] = [];
    for (const chain of touched[table]) {
      const rules = ruleset.chains[table].get(chain);
      if (rules) write.push({ chain, rules });
      else remove.push(chain);
    }
    return { write, remove, addJumps: [], removeJumps: [] };
  });
}

function transaction(part: (table: Table) => TablePart): Transaction {
  const tables: Partial<Record<Table, TablePart>> = {};
  let chains = 0;
  let rules = 0;
  for (const table of TABLES) {
    const whole = part(table);
    const { write, remove, addJumps, removeJumps } = whole;
    if (write.length + remove.length + addJumps.length + removeJumps.length === 0) continue;
    tables[table] = whole;
    chains += write.length + remove.length;
    rules += write.reduce((sum, { rules: list }) => sum + list.length, 0) + addJumps.length;
  }
  return { tables, chains, rules };
}

/** @param behind those of the found, and of other tables, that must move to the head */
function diffJumps(found: readonly string[], wanted: readonly string[], behind: readonly string[]) {
  const overtaken = found.filter((jump) => behind.includes(jump));
  const surplus = found.filter((jump) => !behind.includes(jump));
  const addJumps: string[] = [];
  for (const jump of wanted) {
    const at = surplus.indexOf(jump);
    if (at < 0) addJumps.push(jump);
    else surplus.splice(at, 1);
  }
  return { addJumps, removeJumps: [...surplus, ...overtaken] };
}

/** Whether none of the ruleset's jumps stands in the kernel: no packet reaches what is written before them. */
export function laysAllJumps({ tables }: Transaction, { jumps }: Ruleset): boolean {
  return TABLES.every((table) => {
    const wanted = jumps.filter((jump) => jump.table === table).length;
    const { addJumps = [], removeJumps = [] } = tables[table] ?? {};
    return addJumps.length === wanted && removeJumps.length === 0;
  });
}

export function isEmpty(transaction: Transaction): boolean {
  return Object.keys(transaction.tables).length === 0;
}
