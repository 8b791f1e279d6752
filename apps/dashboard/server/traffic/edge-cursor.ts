import type { CityEdges, Look } from '@kubecity/protocol';
import { grown } from './named-slots.ts';
import type { ShownEdges } from './shown-edges.ts';

/**
 * What one reader has been told of the edges: four bytes for each slot, however slow the reader is. Ids on its connection
 * are the edges' serials: never used again, so a late word cannot mean another edge.
 */
export class EdgeCursor {
  /** By slot: the serial of the edge that the reader knows there; 0 = none. */
  #told = new Uint32Array(0);
  /** The reader has every row that changed up to this tick. */
  #tick = 0;
  #reset = true;
  #services: ReadonlySet<string> | 'all' = 'all';

  look({ services }: Look): void {
    this.#services = services === 'all' ? services : new Set(services);
  }

  get services(): ReadonlySet<string> | 'all' {
    return this.#services;
  }

  /** All edges are to be told again. */
  reset(): void {
    this.#reset = true;
  }

  /** What brings the reader to the moment shown; undefined when it has everything. */
  next(shown: ShownEdges): CityEdges | undefined {
    const { table } = shown;
    const edges: CityEdges = { reset: this.#reset, define: [], rows: [], forget: [] };
    if (this.#reset) this.#told.fill(0);
    this.#reset = false;
    this.#told = grown(this.#told, table.length);
    const looked = this.#lookedAt(shown);
    for (let slot = 0; slot < table.length; slot++) {
      const told = this.#told[slot] as number;
      const serial = shown.has(slot) && looked[table.serviceOf(slot)] === 1 ? table.serialOf(slot) : 0;
      if (told !== 0 && told !== serial) edges.forget.push(told);
      this.#told[slot] = serial;
      if (serial === 0) continue;
      if (told !== serial) edges.define.push([serial, table.nameOf(slot)]);
      if (told !== serial || shown.changedSince(slot, this.#tick)) edges.rows.push(shown.tell(slot, serial));
    }
    this.#tick = shown.tick;
    const { reset, define, rows, forget } = edges;
    return reset || define.length + rows.length + forget.length > 0 ? edges : undefined;
  }

  /** By the table's number of a service: 1 = its edges are shown. */
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
