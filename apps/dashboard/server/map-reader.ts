import { type BrowserToHub, type CityOp, type HubToBrowser, look, PROTOCOL_VERSION } from '@kubecity/protocol';
import type { Socket } from 'socket.io';
import { type ChangedKeys, mergeKeys, type RecordStore } from './record-store.ts';
import { EdgeCursor } from './traffic/edge-cursor.ts';
import type { ShownEdges } from './traffic/shown-edges.ts';

export type MapSocket = Socket<BrowserToHub, HubToBrowser>;

/** What a frame is made of: all of the same moment. */
export interface CityMoment {
  readonly store: RecordStore;
  readonly shown: ShownEdges;
}

/** Load records change every second for each busy backend: so many go with one frame, those that wait longest first. */
export const LOADS_PER_FRAME = 75;

/** One browser. It holds keys, never records, of what its reader lacks: bounded by the city, however slow the reader. */
export class Reader {
  readonly #socket: MapSocket;
  readonly #edges = new EdgeCursor();
  #seq = 0;
  #lacks: ChangedKeys | 'everything' = 'everything';
  /** The last `look`, as it came. */
  #wish: unknown;

  constructor(socket: MapSocket) {
    this.#socket = socket;
  }

  lackEverything(): void {
    this.#lacks = 'everything';
    this.#edges.reset();
  }

  /** Keys of what is gone add up, too: past `most` a snapshot is the shorter way. */
  lack(more: ChangedKeys, most: number): void {
    if (this.#lacks === 'everything') return;
    mergeKeys(this.#lacks, more);
    const keys = [...this.#lacks.values()].reduce((sum, ids) => sum + ids.size, 0);
    if (keys > most) this.lackEverything();
  }

  /** What is looked at from the next frame on; only the last wish before it counts. */
  wish(raw: unknown): void {
    this.#wish = raw;
  }

  /** Returns false when the wish is none; it is then forgotten. */
  takeWish(): boolean {
    if (this.#wish === undefined) return true;
    const wish = look.safeParse(this.#wish);
    this.#wish = undefined;
    if (wish.success) this.#edges.look(wish.data);
    return wish.success;
  }

  get services(): ReadonlySet<string> | 'all' {
    return this.#edges.services;
  }

  /** The transport has handed all that was sent before to the kernel (the test that `volatile` makes, too). */
  get ready(): boolean {
    return this.#socket.conn.transport.writable;
  }

  send({ store, shown }: CityMoment, epoch: string, at: number): void {
    const ops = this.#takeOps(store);
    const edges = this.#edges.next(shown);
    // an empty frame too: it says that the hub lives and what time it has
    this.#socket.emit('city', { protocol: PROTOCOL_VERSION, epoch, seq: this.#seq, at, ops, edges });
    this.#seq += 1;
  }

  #takeOps(store: RecordStore): CityOp[] {
    const lacks = this.#lacks;
    this.#lacks = new Map();
    if (lacks === 'everything') return store.snapshot();
    const loads = [...(lacks.get('load') ?? [])];
    if (loads.length > LOADS_PER_FRAME) {
      lacks.set('load', new Set(loads.slice(0, LOADS_PER_FRAME)));
      this.#lacks.set('load', new Set(loads.slice(LOADS_PER_FRAME)));
    }
    return store.opsFor(lacks);
  }
}
