import { type EdgeFrame, type EdgeKey, type EdgeRow, SLOW_EDGES_MS } from '@kubecity/protocol';
import { FIGURES, TOTALS } from './figures.ts';
import { grown } from './named-slots.ts';

/** Where a ledger's figures go: the accounts of all agents together. */
export interface EdgeAccounts {
  /** The slot of the edge so named; it stays until it is released as often as it was held. */
  hold(key: EdgeKey, node: string): number;
  release(slot: number): void;
  /** @param span milliseconds in which `change` came about, up to now */
  add(slot: number, change: Float64Array, span: number): void;
  setSilent(slot: number, more: 1 | -1): void;
  /** Nobody looks at it: its agent tells of it every `SLOW_EDGES_MS` only. */
  isSlow(slot: number): boolean;
  /** So many edges more may be held. */
  readonly room: number;
}

export type FrameOutcome =
  | { readonly ok: true }
  /** The thread is lost (a gap, or an id nobody defined): ask for a reset; nothing was taken from this frame. */
  | { readonly ok: false; readonly why: string };

/** More edges than this on one node are refused, so that no agent can fill the hub's memory. */
export const MOST_EDGES_OF_NODE = 200_000;
/** Figures that took longer to come are as good as told over so long. */
const LONGEST_SPAN = 60_000;
const SHORTEST_SPAN = 100;
const FIRST_SPAN = 1000;

/**
 * What one agent counted, as it last said it: a row of figures by the agent's number of the edge. An agent's totals begin
 * with its epoch and its numbers are given once in an epoch, so that the growth of each is known across lost frames and
 * connections. What an agent had counted before this hub first heard it is not traffic of now: it is only the starting
 * point. The first figures of a later epoch are traffic, all of them.
 */
export class AgentLedger {
  readonly #node: string;
  readonly #accounts: EdgeAccounts;
  /** The agent's number → our row. */
  #rows = new Map<number, number>();
  #free: number[] = [];
  #highest = 0;
  /** By row: its edge in the accounts, the figures last told, and when (the agent's clock). */
  #slots = new Int32Array(0);
  #figures = new Float64Array(0);
  #told = new Float64Array(0);
  readonly #change = new Float64Array(FIGURES);
  #epoch: string | undefined;
  /** The epoch in whose totals the rows are; differs from `#epoch` between a restart and its first frame. */
  #countedEpoch: string | undefined;
  #nextSeq: number | undefined;
  #silent = false;
  /** The last frame's time by the agent's clock, and its figures of the table. */
  #at: number | undefined;
  table: EdgeFrame['table'] | undefined;

  constructor(node: string, accounts: EdgeAccounts) {
    this.#node = node;
    this.#accounts = accounts;
  }

  get at(): number | undefined {
    return this.#at;
  }

  get edges(): number {
    return this.#rows.size;
  }

  slots(): Int32Array {
    return Int32Array.from(this.#rows.values(), (row) => this.#slots[row] as number);
  }

  /** A new connection: nothing is understood until a frame with `reset`. */
  connected(epoch: string): void {
    this.#epoch = epoch;
    this.#nextSeq = undefined;
  }

  /** A silent agent's figures stay as they were. */
  setSilent(silent: boolean): void {
    if (silent === this.#silent) return;
    this.#silent = silent;
    for (const slot of this.slots()) this.#accounts.setSilent(slot, silent ? 1 : -1);
  }

  /** The node is gone from the cluster. Should its agent speak again, its totals are a new starting point. */
  forget(): void {
    this.setSilent(false);
    for (const row of this.#rows.values()) this.#end(row);
    this.#rows.clear();
    this.table = this.#at = this.#countedEpoch = this.#nextSeq = undefined;
  }

  apply(frame: EdgeFrame): FrameOutcome {
    const fault = this.#faultOf(frame);
    if (fault !== undefined) {
      this.#nextSeq = undefined;
      return { ok: false, why: fault };
    }
    this.setSilent(false);
    const newcomer = this.#countedEpoch === undefined;
    const period = this.#periodUntil(frame.at);
    if (frame.reset) this.#beginAnew(frame);
    else for (const [id, key] of frame.define) this.#define(id, key);
    for (const row of frame.rows) this.#count(row, frame.at, period, newcomer);
    for (const id of frame.forget) this.#forgetEdge(id);
    this.#nextSeq = frame.seq + 1;
    this.#countedEpoch = this.#epoch;
    this.#at = frame.at;
    this.table = frame.table;
    return { ok: true };
  }

  #faultOf(frame: EdgeFrame): string | undefined {
    if (!frame.reset && this.#nextSeq === undefined) return 'no reset yet';
    if (!frame.reset && frame.seq !== this.#nextSeq) return `frame ${frame.seq} instead of ${this.#nextSeq}`;
    const defined = new Set(frame.define.map(([id]) => id));
    const nameless = frame.rows.find(([id]) => !defined.has(id) && (frame.reset || !this.#rows.has(id)));
    if (nameless) return `edge ${nameless[0]} has no name`;
    if (defined.size < frame.define.length) return 'an edge is defined twice';
    const before = this.#rows.size;
    const after = (frame.reset ? 0 : before) + defined.size;
    if (after > MOST_EDGES_OF_NODE) return `more than ${MOST_EDGES_OF_NODE} edges`;
    return after - before > this.#accounts.room ? 'the hub has no room for more edges' : undefined;
  }

  #periodUntil(at: number): number {
    // a clock that was set back, or the first frame: no time to speak of
    if (this.#at === undefined || at <= this.#at) return FIRST_SPAN;
    return Math.min(LONGEST_SPAN, Math.max(SHORTEST_SPAN, at - this.#at));
  }

  /** All edges are told again. Rows whose number is known in this epoch go on where they were; the others begin or end. */
  #beginAnew(frame: EdgeFrame): void {
    const before = this.#rows;
    const goesOn = this.#countedEpoch === this.#epoch ? before : new Map<number, number>();
    this.#rows = new Map();
    const ended = new Set(before.values());
    for (const [id, key] of frame.define) {
      const row = goesOn.get(id);
      const slot = this.#accounts.hold(key, this.#node);
      if (row !== undefined && this.#slots[row] === slot) {
        this.#accounts.release(slot);
        ended.delete(row);
        this.#rows.set(id, row);
      } else this.#begin(id, slot);
    }
    for (const row of ended) this.#end(row);
    const told = new Set(frame.rows.map(([id]) => id));
    for (const [id, row] of this.#rows) if (!told.has(id)) this.#closeOpen(row);
  }

  #define(id: number, key: EdgeKey): void {
    const slot = this.#accounts.hold(key, this.#node);
    const known = this.#rows.get(id);
    if (known !== undefined) this.#end(known);
    this.#begin(id, slot);
  }

  #begin(id: number, slot: number): void {
    const row = this.#free.pop() ?? this.#highest++;
    this.#slots = grown(this.#slots, row + 1);
    this.#told = grown(this.#told, row + 1);
    this.#figures = grown(this.#figures, (row + 1) * FIGURES);
    this.#slots[row] = slot;
    this.#told[row] = 0;
    this.#figures.fill(0, row * FIGURES, (row + 1) * FIGURES);
    this.#rows.set(id, row);
  }

  #count(told: EdgeRow, at: number, period: number, newcomer: boolean): void {
    const row = this.#rows.get(told[0]) as number; // #faultOf looked
    const base = row * FIGURES;
    for (let i = 0; i < FIGURES; i++) {
      const value = told[i + 1] as number;
      const growth = value - (this.#figures[base + i] as number);
      // totals never fall within an epoch; should an agent break that, nothing is subtracted
      this.#change[i] = i >= TOTALS ? growth : newcomer ? 0 : Math.max(0, growth);
      this.#figures[base + i] = value;
    }
    const slot = this.#slots[row] as number;
    const since = at - (this.#told[row] as number);
    const span = this.#accounts.isSlow(slot) && since > 0 ? Math.max(period, Math.min(SLOW_EDGES_MS, since)) : period;
    this.#accounts.add(slot, this.#change, span);
    this.#told[row] = at;
  }

  #forgetEdge(id: number): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    this.#end(row);
    this.#rows.delete(id);
  }

  /** What was open in this row is not any more; what it counted stays. */
  #closeOpen(row: number): void {
    const base = row * FIGURES;
    for (let i = 0; i < FIGURES; i++) {
      this.#change[i] = i >= TOTALS ? -(this.#figures[base + i] as number) : 0;
      if (i >= TOTALS) this.#figures[base + i] = 0;
    }
    this.#accounts.add(this.#slots[row] as number, this.#change, 0);
  }

  #end(row: number): void {
    this.#closeOpen(row);
    this.#accounts.release(this.#slots[row] as number);
    this.#free.push(row);
  }
}
