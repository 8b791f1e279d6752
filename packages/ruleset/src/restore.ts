import { OUR_PREFIX } from './names.ts';
import { type Chain, TABLES } from './ruleset.ts';
import type { TablePart, Transaction } from './transaction.ts';

/**
 * Chains in one transaction of the kernel. iptables-nft 1.8.9 keeps the chains that a transaction names in a list sorted by
 * name, and searches it from the front for every rule. So chains are written backwards by name (`calleesFirst`), what leads
 * to a chain sorts before it (`ChainKind`), and a transaction is bounded: 10,000 Services take 4.7 s instead of 27 s in any
 * order.
 */
const PORTION = 2000;

/**
 * Input of `iptables-restore --noflush`. Declaring a chain empties it, so a chain is written whole, directly behind its
 * declaration, and after every chain it leads to. Each `COMMIT` is atomic; a change of up to 2,000 chains is one. A larger one
 * is several, and since doors come last no packet meets a Service before it is whole. A chain that goes is emptied first and
 * deleted last, when nothing leads to it any more. A new jump goes to the head of its chain (`-I`), in front of whoever else
 * routes there.
 */
export function renderRestore(transaction: Transaction): string {
  const lines: string[] = [];
  for (const table of TABLES) {
    const part = transaction.tables[table];
    if (!part) continue;
    const writes = calleesFirst(part.write);
    const last = Math.max(1, Math.ceil(writes.length / PORTION)) - 1;
    for (let i = 0; i <= last; i++) {
      lines.push(`*${table}`);
      if (i === last) beginLast(lines, part);
      for (const { chain, rules } of writes.slice(i * PORTION, (i + 1) * PORTION)) {
        lines.push(`:${chain} - [0:0]`);
        for (const rule of rules) lines.push(`-A ${chain} ${rule}`);
      }
      if (i === last) endLast(lines, part);
      lines.push('COMMIT');
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function beginLast(lines: string[], { remove, removeJumps }: TablePart): void {
  for (const jump of removeJumps) lines.push(`-D ${jump}`);
  for (const chain of remove) lines.push(`:${chain} - [0:0]`);
}

function endLast(lines: string[], { remove, addJumps }: TablePart): void {
  // Each goes to the head, so the last one written stands first: in the kernel they stand as they are listed.
  for (const jump of addJumps.toReversed()) {
    const end = jump.indexOf(' ');
    lines.push(`-I ${jump.slice(0, end)} 1 ${jump.slice(end + 1)}`);
  }
  for (const chain of remove) lines.push(`-X ${chain}`);
}

type Write = { readonly chain: string; readonly rules: Chain };

/** By height in the graph of calls; equal ones by name backwards, which is the front of that sorted list. */
function calleesFirst(writes: readonly Write[]): Write[] {
  const written = new Map(writes.map((write) => [write.chain, write]));
  const heights = new Map<string, number>();
  const heightOf = (chain: string): number => {
    const known = heights.get(chain);
    if (known !== undefined) return known;
    let height = 0;
    for (const rule of written.get(chain)?.rules ?? []) {
      const target = rule.slice(rule.lastIndexOf(' ') + 1);
      if (target.startsWith(OUR_PREFIX)) height = Math.max(height, heightOf(target) + 1);
    }
    heights.set(chain, height);
    return height;
  };
  return writes.toSorted((a, b) => heightOf(a.chain) - heightOf(b.chain) || (a.chain < b.chain ? 1 : -1));
}
