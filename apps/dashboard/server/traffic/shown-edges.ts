import type { CityEdgeRow } from '@kubecity/protocol';
import { EDGE_WINDOW_SECONDS, type EdgeTable } from './edge-table.ts';
import { FIGURE, RATE, RATES } from './figures.ts';
import { grown } from './named-slots.ts';

/** What a `CityEdgeRow` tells after its id and `stale`. */
const SHOWN_FIGURES = [
  FIGURE.moving,
  FIGURE.idle,
  FIGURE.closing,
  FIGURE.waiting,
  FIGURE.uncounted,
  FIGURE.opened,
  FIGURE.refused,
  FIGURE.unanswered,
];
/** Then its rates, each with the parts of one that are told. */
export const SHOWN_RATES: readonly (readonly [rate: number, parts: number])[] = [
  [RATE.opened, 100],
  [RATE.refused, 100],
  [RATE.bytesToBackend, 1],
  [RATE.bytesToClient, 1],
  [RATE.packets, 10],
];
/** Where the rates begin in a row without its id, and how long that is. */
export const FIRST_RATE = 1 + SHOWN_FIGURES.length;
export const SHOWN = FIRST_RATE + SHOWN_RATES.length;

/**
 * The rows of all edges as of one moment, for every reader, for the history and for `/metrics` alike. `show` makes them
 * anew from the accounts; between two calls nothing changes.
 */
export class ShownEdges {
  readonly table: EdgeTable;
  #rows = new Float64Array(0);
  /** By slot: the tick at which its row changed last. */
  #changed = new Uint32Array(0);
  readonly #next = new Float64Array(SHOWN);
  #tick = 0;
  #moment = 0;

  constructor(table: EdgeTable) {
    this.table = table;
  }

  /** Counts the moments shown so far. */
  get tick(): number {
    return this.#tick;
  }

  /** Unix milliseconds of the moment that is shown. */
  get moment(): number {
    return this.#moment;
  }

  show(now: number): void {
    this.#tick += 1;
    this.#moment = now;
    const { table } = this;
    const { second } = table.accounts.windows;
    this.#rows = grown(this.#rows, table.length * SHOWN);
    this.#changed = grown(this.#changed, table.length);
    const sums = table.accounts.windows.sums(EDGE_WINDOW_SECONDS);
    for (let slot = 0; slot < table.length; slot++) {
      if (table.serialOf(slot) === 0 || !table.isRestless(slot)) continue;
      this.#showEdge(slot, sums);
      table.rest(slot, second);
    }
  }

  changedSince(slot: number, tick: number): boolean {
    return (this.#changed[slot] as number) > tick;
  }

  /** Edges that came since the moment shown have no row yet. */
  has(slot: number): boolean {
    return slot < this.#changed.length && this.table.serialOf(slot) !== 0 && this.#changed[slot] !== 0;
  }

  /** One number of the row, counted without its id. */
  at(slot: number, place: number): number {
    return this.#rows[slot * SHOWN + place] as number;
  }

  /** The whole row as it is sent. */
  tell(slot: number, id: number): CityEdgeRow {
    const row = new Array<number>(SHOWN + 1);
    row[0] = id;
    for (let i = 0; i < SHOWN; i++) row[i + 1] = this.at(slot, i);
    return row;
  }

  /** The row without its id; a view that is good until the next `show`. */
  rowOf(slot: number): Float64Array {
    return this.#rows.subarray(slot * SHOWN, (slot + 1) * SHOWN);
  }

  /** A slot was given free. */
  forget(slot: number): void {
    if (slot < this.#changed.length) this.#changed[slot] = 0;
  }

  /** @param sums of the window, `RATES` for each slot */
  #showEdge(slot: number, sums: Float64Array): void {
    const { accounts } = this.table;
    const next = this.#next;
    next[0] = this.table.isStale(slot) ? 1 : 0;
    for (let i = 0; i < SHOWN_FIGURES.length; i++) next[1 + i] = accounts.figure(slot, SHOWN_FIGURES[i] as number);
    for (let i = 0; i < SHOWN_RATES.length; i++) {
      const [rate, parts] = SHOWN_RATES[i] as readonly [number, number];
      // finer differences are noise, and would make every row new in every frame
      next[FIRST_RATE + i] = Math.round(((sums[slot * RATES + rate] as number) / EDGE_WINDOW_SECONDS) * parts) / parts;
    }
    const rows = this.#rows;
    const base = slot * SHOWN;
    let same = this.#changed[slot] !== 0;
    for (let i = 0; i < SHOWN; i++) {
      same &&= rows[base + i] === next[i];
      rows[base + i] = next[i] as number;
    }
    if (!same) this.#changed[slot] = this.#tick;
  }
}
