import type { CityEdges, Look } from '@kubecity/protocol';
import { grown } from './named-slots.ts';
import type { ShownEdges } from './shown-edges.ts';

/** Edges that are not looked at, but wished for, are told in so many turns: a tenth of them with each frame. */
export const SLOW_TURNS = 10;

/**
 * What one reader has been told of the edges: four bytes for each slot, however slow the reader is. Ids on its connection
 * are the edges' serials: never used again, so a late word cannot mean another edge.
 */
export class EdgeCursor {
  /** By slot: the serial of the edge that the reader knows there; 0 = none. */
  #told = new Uint32Array(0);
  /** The reader has every row that is looked at and changed up to this tick. */
  #tick = 0;
  /** The slot where the next call goes on; 0 = a new round. */
  #at = 0;
  /** The tick at which the round began. */
  #began = 0;
  #reset = true;
  #services: ReadonlySet<string> | 'all' = 'all';
  /** By turn: rows of the others are told up to this tick; undefined = others are not told. */
  #others: number[] | undefined;
  #turn = 0;

  look({ services, others }: Look): void {
    this.#services = services === 'all' ? services : new Set(services);
    // What was told in turns until now may be looked at: all that it can lack.
    if (this.#others) this.#tick = Math.min(this.#tick, ...this.#others);
    this.#others = others && new Array<number>(SLOW_TURNS).fill(this.#tick);
    this.#at = 0;
  }

  get services(): ReadonlySet<string> | 'all' {
    return this.#services;
  }

  /** All edges are to be told again. */
  reset(): void {
    this.#reset = true;
  }

  /** False: the frames so far told a part of the edges, and the next one goes on. */
  get whole(): boolean {
    return this.#at === 0 && !this.#reset;
  }

  /**
   * What brings the reader to the moment shown, or nearer to it; undefined when there is nothing to tell.
   * @param most edges to define; those that came since the round began are told besides
   */
  next(shown: ShownEdges, most = Number.POSITIVE_INFINITY): CityEdges | undefined {
    const edges: CityEdges = { reset: this.#reset, define: [], rows: [], forget: [] };
    if (this.#reset) {
      this.#told.fill(0);
      this.#at = 0;
    }
    this.#reset = false;
    this.#told = grown(this.#told, shown.table.length);
    this.#tell(shown, edges, most);
    const { reset, define, rows, forget } = edges;
    return reset || define.length + rows.length + forget.length > 0 ? edges : undefined;
  }

  #tell(shown: ShownEdges, edges: CityEdges, most: number): void {
    const looked = this.#lookedAt(shown);
    if (this.#at === 0) this.#began = shown.tick;
    const from = this.#at;
    for (let slot = from; slot < shown.table.length; slot++) {
      if (edges.define.length >= most) {
        this.#at = slot;
        return;
      }
      this.#tellSlot(shown, slot, looked, edges);
    }
    this.#endRound(this.#began);
    // The moment may have changed since the round began: what was told before is told as it is now.
    if (this.#began !== shown.tick) for (let slot = 0; slot < from; slot++) this.#tellSlot(shown, slot, looked, edges);
    this.#tick = shown.tick;
  }

  #endRound(tick: number): void {
    this.#at = 0;
    this.#tick = tick;
    if (!this.#others) return;
    this.#others[this.#turn] = tick;
    this.#turn = (this.#turn + 1) % SLOW_TURNS;
  }

  #tellSlot(shown: ShownEdges, slot: number, looked: Uint8Array, edges: CityEdges): void {
    const { table } = shown;
    const told = this.#told[slot] as number;
    const isLooked = looked[table.serviceOf(slot)] === 1;
    const serial = shown.has(slot) && (isLooked || this.#others) ? table.serialOf(slot) : 0;
    if (told !== 0 && told !== serial) edges.forget.push(told);
    this.#told[slot] = serial;
    if (serial === 0) return;
    if (told !== serial) edges.define.push([serial, table.nameOf(slot)]);
    if (told !== serial || shown.changedSince(slot, this.#toldUpTo(slot, isLooked))) {
      edges.rows.push(shown.tell(slot, serial));
    }
  }

  /** A row that changed after this tick is to be told now. */
  #toldUpTo(slot: number, isLooked: boolean): number {
    if (isLooked || !this.#others) return this.#tick;
    return slot % SLOW_TURNS === this.#turn ? (this.#others[this.#turn] as number) : Number.POSITIVE_INFINITY;
  }

  /** By the table's number of a service: 1 = its edges are told at once. */
  #lookedAt({ table: { services } }: ShownEdges): Uint8Array {
    const flags = new Uint8Array(services.length);
    if (this.#services === 'all') return flags.fill(1);
    for (const name of this.#services) {
      const service = services.find(name);
      if (service !== undefined) flags[service] = 1;
    }
    return flags;
  }
}
