import type { Edge } from './edges.ts';
import type { FlowRow } from './flow-row.ts';

/** No such flow. */
export const NONE = -1;

/**
 * Flows by identity (CTA_ID, protocol, original tuple) in columns instead of objects: about 75 bytes a flow plus its
 * place in the index, so that the 262,144 flows of a full default table take some 30 MB and no work of the collector.
 * A flow is named by its slot, which stays the same until `release`.
 */
export class FlowTable {
  size = 0;
  /** Slots ever used: every live slot is below it. */
  top = 0;

  // What the ledger keeps of a flow; indexed by slot.
  edge: (Edge | undefined)[] = [];
  originalPackets = new Float64Array(0);
  originalBytes = new Float64Array(0);
  replyPackets = new Float64Array(0);
  replyBytes = new Float64Array(0);
  /** Number of the dump that showed the flow last; 0 = the slot is free. */
  seen = new Uint32Array(0);
  flags = new Uint8Array(0);
  tcpState = new Uint8Array(0);
  protocol = new Uint8Array(0);

  #id = new Int32Array(0);
  #source = new Uint32Array(0);
  #destination = new Uint32Array(0);
  #ports = new Uint32Array(0);
  /** Next flow with the same id, or next free slot. */
  #next = new Int32Array(0);
  #free = NONE;
  /** CTA_ID (as int32, which the engine keeps without a box) → first slot. Among 250,000 random u32 a few meet. */
  readonly #slots = new Map<number, number>();

  find(row: FlowRow): number {
    for (let slot = this.#slots.get(row.id | 0) ?? NONE; slot !== NONE; slot = this.#next[slot] as number) {
      if (
        this.#source[slot] === row.source &&
        this.#destination[slot] === row.destination &&
        this.#ports[slot] === portsOf(row) &&
        this.protocol[slot] === row.protocol
      ) {
        return slot;
      }
    }
    return NONE;
  }

  /** A slot for a flow that `find` does not know, with counters, flags and state at zero. */
  insert(row: FlowRow): number {
    const slot = this.#take();
    const id = row.id | 0;
    this.#id[slot] = id;
    this.#source[slot] = row.source;
    this.#destination[slot] = row.destination;
    this.#ports[slot] = portsOf(row);
    this.protocol[slot] = row.protocol;
    this.#next[slot] = this.#slots.get(id) ?? NONE;
    this.#slots.set(id, slot);
    this.edge[slot] = undefined;
    this.originalPackets[slot] = 0;
    this.originalBytes[slot] = 0;
    this.replyPackets[slot] = 0;
    this.replyBytes[slot] = 0;
    this.flags[slot] = 0;
    this.tcpState[slot] = 0;
    this.size += 1;
    return slot;
  }

  release(slot: number): void {
    this.#unlink(slot);
    this.edge[slot] = undefined;
    this.seen[slot] = 0;
    this.#next[slot] = this.#free;
    this.#free = slot;
    this.size -= 1;
  }

  #unlink(slot: number): void {
    const id = this.#id[slot] as number;
    const after = this.#next[slot] as number;
    let before = this.#slots.get(id) as number;
    if (before === slot) {
      if (after === NONE) this.#slots.delete(id);
      else this.#slots.set(id, after);
      return;
    }
    while (this.#next[before] !== slot) before = this.#next[before] as number;
    this.#next[before] = after;
  }

  #take(): number {
    if (this.#free !== NONE) {
      const slot = this.#free;
      this.#free = this.#next[slot] as number;
      return slot;
    }
    if (this.top === this.seen.length) this.#grow(Math.max(1024, this.top * 2));
    this.top += 1;
    return this.top - 1;
  }

  #grow(capacity: number): void {
    const grown = <A extends { set(from: A): void }>(column: A, larger: A): A => {
      larger.set(column);
      return larger;
    };
    this.originalPackets = grown(this.originalPackets, new Float64Array(capacity));
    this.originalBytes = grown(this.originalBytes, new Float64Array(capacity));
    this.replyPackets = grown(this.replyPackets, new Float64Array(capacity));
    this.replyBytes = grown(this.replyBytes, new Float64Array(capacity));
    this.seen = grown(this.seen, new Uint32Array(capacity));
    this.flags = grown(this.flags, new Uint8Array(capacity));
    this.tcpState = grown(this.tcpState, new Uint8Array(capacity));
    this.protocol = grown(this.protocol, new Uint8Array(capacity));
    this.#id = grown(this.#id, new Int32Array(capacity));
    this.#source = grown(this.#source, new Uint32Array(capacity));
    this.#destination = grown(this.#destination, new Uint32Array(capacity));
    this.#ports = grown(this.#ports, new Uint32Array(capacity));
    this.#next = grown(this.#next, new Int32Array(capacity));
  }
}

const portsOf = (row: FlowRow): number => ((row.sourcePort << 16) | row.destinationPort) >>> 0;
