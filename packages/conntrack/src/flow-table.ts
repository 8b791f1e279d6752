import type { AddressTable } from './address-table.ts';
import { enlarged } from './columns.ts';
import type { Edge } from './edge.ts';
import { ADDRESS, type FlowRow } from './flow-row.ts';

/** No such flow. */
export const NONE = -1;

/**
 * Flows by identity (CTA_ID, zone, protocol, original tuple) in columns instead of objects: some 100 bytes a flow, and no
 * work of the collector. Addresses are numbers of an `AddressTable`, held as long as the flow is in the table. A flow is
 * named by its slot, which stays the same until `release`.
 */
export class FlowTable {
  size = 0;
  /** Slots ever used: every live slot is below it. */
  top = 0;

  // What names a flow; indexed by slot. Written by `insert` alone.
  id = new Int32Array(0);
  /** Zone, protocol and family; 0 = the slot is free. See `protocolOf`, `zoneOf`, `familyOf`. */
  kind = new Uint32Array(0);
  client = new Int32Array(0);
  destination = new Int32Array(0);
  backend = new Int32Array(0);
  /** Source port, then destination port. */
  ports = new Uint32Array(0);
  backendPort = new Uint16Array(0);

  // What the ledger keeps of a flow.
  edge: (Edge | undefined)[] = [];
  originalPackets = new Float64Array(0);
  originalBytes = new Float64Array(0);
  replyPackets = new Float64Array(0);
  replyBytes = new Float64Array(0);
  /** Time of the first sight, Unix ms. */
  since = new Float64Array(0);
  /** Number of the dump that showed the flow last; 0 = none yet. */
  seen = new Uint32Array(0);
  /** Number of the dump that showed it move last; the first that showed it, while none did. */
  movedIn = new Uint32Array(0);
  /** Seconds left to the entry when it was seen last. */
  timeout = new Uint32Array(0);
  /** `FlowRow.startedAt`, its low 32 bits; 0 = not known. */
  started = new Uint32Array(0);
  /** Bits of `FLOW`. */
  flags = new Uint16Array(0);
  tcpState = new Uint8Array(0);
  /** As its edge counts it: see `classOf`. */
  class = new Uint8Array(0);

  readonly #addresses: AddressTable;
  /** Next flow in the same bucket, or next free slot. */
  #next = new Int32Array(0);
  /** CTA_ID is a hash already: its low bits name the bucket. */
  #buckets = new Int32Array(0);
  #free = NONE;

  constructor(addresses: AddressTable) {
    this.#addresses = addresses;
  }

  find(row: FlowRow): number {
    if (this.top === 0) return NONE;
    const kind = kindOf(row);
    const ports = portsOf(row);
    const id = row.id | 0;
    let slot = this.#buckets[id & (this.#buckets.length - 1)] as number;
    while (
      slot !== NONE &&
      !(
        this.id[slot] === id &&
        this.ports[slot] === ports &&
        this.kind[slot] === kind &&
        this.#addresses.same(this.client[slot] as number, row.words, ADDRESS.source) &&
        this.#addresses.same(this.destination[slot] as number, row.words, ADDRESS.destination)
      )
    ) {
      slot = this.#next[slot] as number;
    }
    return slot;
  }

  /** A slot for a flow that `find` does not know, with everything that the ledger keeps at zero. */
  insert(row: FlowRow): number {
    const slot = this.#take();
    const addresses = this.#addresses;
    this.id[slot] = row.id | 0;
    this.kind[slot] = kindOf(row);
    this.client[slot] = addresses.hold(row.family, row.words, ADDRESS.source);
    this.destination[slot] = addresses.hold(row.family, row.words, ADDRESS.destination);
    this.backend[slot] = addresses.hold(row.family, row.words, ADDRESS.replySource);
    this.ports[slot] = portsOf(row);
    this.backendPort[slot] = row.replySourcePort;
    this.edge[slot] = undefined;
    this.originalPackets[slot] = 0;
    this.originalBytes[slot] = 0;
    this.replyPackets[slot] = 0;
    this.replyBytes[slot] = 0;
    this.since[slot] = 0;
    this.seen[slot] = 0;
    this.movedIn[slot] = 0;
    this.timeout[slot] = 0;
    this.started[slot] = 0;
    this.flags[slot] = 0;
    this.tcpState[slot] = 0;
    this.class[slot] = 0;
    this.#link(slot);
    this.size += 1;
    return slot;
  }

  release(slot: number): void {
    this.#unlink(slot);
    this.#addresses.release(this.client[slot] as number);
    this.#addresses.release(this.destination[slot] as number);
    this.#addresses.release(this.backend[slot] as number);
    this.edge[slot] = undefined;
    this.kind[slot] = 0;
    this.#next[slot] = this.#free;
    this.#free = slot;
    this.size -= 1;
  }

  isLive(slot: number): boolean {
    return this.kind[slot] !== 0;
  }

  /** Whether the flow has one of the flags (see `FLOW`). */
  is(slot: number, flags: number): boolean {
    return ((this.flags[slot] as number) & flags) !== 0;
  }

  mark(slot: number, flags: number): void {
    this.flags[slot] = (this.flags[slot] as number) | flags;
  }

  unmark(slot: number, flags: number): void {
    this.flags[slot] = (this.flags[slot] as number) & ~flags;
  }

  protocolOf(slot: number): number {
    return ((this.kind[slot] as number) >>> 8) & 0xff;
  }

  zoneOf(slot: number): number {
    return (this.kind[slot] as number) >>> 16;
  }

  familyOf(slot: number): FlowRow['family'] {
    return ((this.kind[slot] as number) & 0xff) as FlowRow['family'];
  }

  #link(slot: number): void {
    const bucket = (this.id[slot] as number) & (this.#buckets.length - 1);
    this.#next[slot] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = slot;
  }

  #unlink(slot: number): void {
    const bucket = (this.id[slot] as number) & (this.#buckets.length - 1);
    const after = this.#next[slot] as number;
    let before = this.#buckets[bucket] as number;
    if (before === slot) {
      this.#buckets[bucket] = after;
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
    if (this.top === this.seen.length) this.#grow(Math.max(1024, Math.ceil(this.top * 1.25)));
    this.top += 1;
    return this.top - 1;
  }

  #grow(capacity: number): void {
    this.id = enlarged(this.id, new Int32Array(capacity));
    this.kind = enlarged(this.kind, new Uint32Array(capacity));
    this.client = enlarged(this.client, new Int32Array(capacity));
    this.destination = enlarged(this.destination, new Int32Array(capacity));
    this.backend = enlarged(this.backend, new Int32Array(capacity));
    this.ports = enlarged(this.ports, new Uint32Array(capacity));
    this.backendPort = enlarged(this.backendPort, new Uint16Array(capacity));
    this.originalPackets = enlarged(this.originalPackets, new Float64Array(capacity));
    this.originalBytes = enlarged(this.originalBytes, new Float64Array(capacity));
    this.replyPackets = enlarged(this.replyPackets, new Float64Array(capacity));
    this.replyBytes = enlarged(this.replyBytes, new Float64Array(capacity));
    this.since = enlarged(this.since, new Float64Array(capacity));
    this.seen = enlarged(this.seen, new Uint32Array(capacity));
    this.movedIn = enlarged(this.movedIn, new Uint32Array(capacity));
    this.timeout = enlarged(this.timeout, new Uint32Array(capacity));
    this.started = enlarged(this.started, new Uint32Array(capacity));
    this.flags = enlarged(this.flags, new Uint16Array(capacity));
    this.tcpState = enlarged(this.tcpState, new Uint8Array(capacity));
    this.class = enlarged(this.class, new Uint8Array(capacity));
    this.#next = enlarged(this.#next, new Int32Array(capacity));
    this.#spread(capacity);
  }

  /** Buckets for so many flows: the next power of two. It is called when no slot is free. */
  #spread(capacity: number): void {
    this.#buckets = new Int32Array(2 ** Math.ceil(Math.log2(capacity))).fill(NONE);
    for (let slot = 0; slot < this.top; slot += 1) this.#link(slot);
  }
}

const kindOf = (row: FlowRow): number => ((row.zone << 16) | (row.protocol << 8) | row.family) >>> 0;
const portsOf = (row: FlowRow): number => ((row.sourcePort << 16) | row.destinationPort) >>> 0;
