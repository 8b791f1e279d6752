import { OUR_PREFIX } from './names.ts';
import { type Chain, TABLES } from './ruleset.ts';
import type { TablePart, Transaction } from './transaction.ts';

/**
 * Chains in one transaction of the kernel, while nothing leads to them yet, and later. iptables-nft 1.8.9 keeps the chains
 * that a transaction names in a list sorted by name, and searches it from the front for every rule; so chains are written
 * backwards by name (`calleesFirst`), what leads to a chain sorts before it (`ChainKind`), and a transaction is bounded.
 * Against that, the kernel validates every rule that a packet can reach in each transaction, which is nothing at first and
 * 150 ms at 10,000 Services later. 10,000 Services take 4.5 s instead of 27 s in any order.
 */
const FIRST_PORTION = 500;
const PORTION = 2000;

/** Characters in a piece of text, about: what a pipe holds (pipe(7)). */
const PIECE = 65_536;

/**
 * Input of `iptables-restore --noflush`. Declaring a chain empties it, so a chain is written whole, directly behind its
 * declaration, and after every chain it leads to. Each `COMMIT` is atomic; a change of up to 2,000 chains is one. A larger one
 * is several, and since doors come last no packet meets a Service before it is whole. A chain that goes is emptied first and
 * deleted last, when nothing leads to it any more. A new jump goes to the head of its chain (`-I`), in front of whoever else
 * routes there, and behind isolation, which is asked first.
 *
 * @returns pieces of whole lines, rendered anew each time they are read, so that whoever writes them need not wait for the last
 */
export function renderRestore(transaction: Transaction): Iterable<string> {
  return { [Symbol.iterator]: () => pieces<never>(linesOf<never>(transaction)) };
}

/**
 * The same with the new jumps in a portion of their own, and `mark` among the pieces in front of it: what stands before, no packet
 * reaches as long as none of our jumps is there.
 */
export function renderJumpsApart<T extends object>(transaction: Transaction, mark: T): Iterable<string | T> {
  return { [Symbol.iterator]: () => pieces(linesOf(transaction, mark)) };
}

function* pieces<T extends object>(lines: Iterable<string | T>): Generator<string | T, void> {
  let held: string[] = [];
  let length = 0;
  for (const line of lines) {
    if (typeof line === 'string') {
      held.push(line);
      length += line.length + 1;
      if (length < PIECE) continue;
    }
    if (held.length > 0) yield `${held.join('\n')}\n`;
    held = [];
    length = 0;
    if (typeof line !== 'string') yield line;
  }
  if (held.length > 0) yield `${held.join('\n')}\n`;
}

function* linesOf<T extends object = never>({ tables, natFirst }: Transaction, mark?: T): Generator<string | T, void> {
  for (const table of natFirst ? TABLES.toReversed() : TABLES) {
    const part = tables[table];
    if (!part) continue;
    const writes = calleesFirst(part.write);
    const apart = mark !== undefined && part.addJumps.length > 0;
    const { size, count } = portionsOf(part, apart);
    for (let portion = 1; portion <= count; portion++) {
      if (apart && portion === count) yield mark;
      yield `*${table}`;
      if (portion === count) yield* beginLast(part);
      for (const { chain, rules } of writes.slice((portion - 1) * size, portion * size)) {
        yield `:${chain} - [0:0]`;
        for (const rule of rules) yield `-A ${chain} ${rule}`;
      }
      if (portion === count) yield* endLast(part);
      yield 'COMMIT';
    }
  }
}

/** Our jumps are laid by the last portion, so while they are missing no packet reaches what the others write. */
function portionsOf({ write, addJumps }: TablePart, apart: boolean): { readonly size: number; readonly count: number } {
  const size = addJumps.length > 0 ? FIRST_PORTION : PORTION;
  const count = Math.ceil(write.length / size);
  return { size, count: apart ? count + 1 : Math.max(1, count) };
}

function* beginLast({ remove, removeJumps }: TablePart): Generator<string, void> {
  for (const jump of removeJumps) yield `-D ${jump}`;
  for (const chain of remove) yield `:${chain} - [0:0]`;
}

function* endLast({ remove, addJumps, leading }: TablePart): Generator<string, void> {
  // Each goes to the head, so the last one written stands first: in the kernel they stand as they are listed.
  for (const jump of addJumps.toReversed()) {
    const end = jump.indexOf(' ');
    const chain = jump.slice(0, end);
    yield `-I ${chain} ${1 + (leading?.get(chain) ?? 0)} ${jump.slice(end + 1)}`;
  }
  for (const chain of remove) yield `-X ${chain}`;
}

type Write = { readonly chain: string; readonly rules: Chain };

/** By height in the graph of calls; equal ones by name backwards, which is the front of that sorted list. */
function calleesFirst(writes: readonly Write[]): Write[] {
  const written = new Map(writes.map((write) => [write.chain, write]));
  const heights = new Map<string, number>();
  const levels: Write[][] = [];
  for (const write of writes) {
    const height = heightOf(write, written, heights);
    levels[height] ??= [];
    levels[height].push(write);
  }
  return levels.flatMap((level) => level.sort((a, b) => (a.chain < b.chain ? 1 : -1)));
}

function heightOf({ chain, rules }: Write, written: ReadonlyMap<string, Write>, heights: Map<string, number>): number {
  const known = heights.get(chain);
  if (known !== undefined) return known;
  let height = 0;
  for (const rule of rules) {
    const callee = calleeOf(rule);
    const write = callee === undefined ? undefined : written.get(callee);
    if (write) height = Math.max(height, heightOf(write, written, heights) + 1);
  }
  heights.set(chain, height);
  return height;
}

/** A chain of ours that the rule ends with. */
function calleeOf(rule: string): string | undefined {
  const end = rule.lastIndexOf(' ') + 1;
  return rule.startsWith(OUR_PREFIX, end) ? rule.slice(end) : undefined;
}
