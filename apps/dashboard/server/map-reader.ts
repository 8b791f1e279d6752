import {
  type BrowserToHub,
  type CityFrame,
  type CityOp,
  type HubToBrowser,
  look,
  PROTOCOL_VERSION,
  type RecordKind,
} from '@kubecity/protocol';
import type { Socket } from 'socket.io';
import { type ChangedKeys, mergeKeys, type RecordStore } from './record-store.ts';
import { EdgeCursor } from './traffic/edge-cursor.ts';
import type { ShownEdges } from './traffic/shown-edges.ts';

export type MapSocket = Pick<Socket<BrowserToHub, HubToBrowser>, 'conn' | 'emit'>;

/** What a frame is made of: all of the same moment. */
export interface CityMoment {
  readonly store: RecordStore;
  readonly shown: ShownEdges;
}

/** Load records change every second for each busy backend: so many go with one frame, those that wait longest first. */
export const LOADS_PER_FRAME = 75;
/**
 * Records and new edges in one frame at most, some 300 bytes each: neither the hub's loop nor the page's thread is busy for
 * long with one frame, and no more waits in memory for a slow reader. What is more follows in the next frames, at once.
 */
export const MOST_PER_FRAME = 2000;

/** One browser. It holds keys, never records, of what its reader lacks: bounded by the city, however slow the reader. */
export class Reader {
  readonly #socket: MapSocket;
  /** Records and new edges in one frame. */
  readonly #most: number;
  readonly #edges = new EdgeCursor();
  #seq = 0;
  #lacks: ChangedKeys | 'everything' = 'everything';
  /** A snapshot has begun and is not whole: the reader shows none of it yet. */
  #arriving = false;
  /** The first load records of a snapshot come behind it, as fast as they can. */
  #loading = false;
  /** A frame waits for the one before it to be handed to the kernel. */
  #queued = false;
  /** The last `look`, as it came. */
  #wish: unknown;

  constructor(socket: MapSocket, most = MOST_PER_FRAME) {
    this.#socket = socket;
    this.#most = most;
    socket.conn.on('drain', () => {
      this.#queued = false;
    });
  }

  lackEverything(): void {
    this.#lacks = 'everything';
    this.#edges.reset();
  }

  /** Keys of what is gone add up, too: past `most` a snapshot is the shorter way, unless one is on its way. */
  lack(more: ChangedKeys, most: number): void {
    if (this.#lacks === 'everything') return;
    mergeKeys(this.#lacks, more);
    if (sizeOf(this.#lacks) > (this.#arriving || this.#loading ? 2 * most : most)) this.lackEverything();
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

  /** Nothing waits yet for what is on its way: the next piece can be made while that is compressed. */
  get hasRoom(): boolean {
    return this.ready || !this.#queued;
  }

  /** The last frame could not hold all: more follows. */
  get waits(): boolean {
    return this.arrives || this.#loading;
  }

  /** Of what is missing the page waits for something: it shows nothing yet. */
  get arrives(): boolean {
    return this.#arriving || !this.#edges.whole;
  }

  send({ store, shown }: CityMoment, epoch: string, at: number): void {
    const ops = this.#takeOps(store);
    const edges = this.#edges.next(shown, Math.max(1, this.#most - ops.length));
    this.#endSnapshot(ops, this.#most - ops.length - (edges?.define.length ?? 0), store);
    this.#queued = !this.ready;
    // an empty frame too: it says that the hub lives and what time it has
    this.#socket.emit('city', asText({ protocol: PROTOCOL_VERSION, epoch, seq: this.#seq, at, ops, edges }));
    this.#seq += 1;
  }

  #takeOps(store: RecordStore): CityOp[] {
    const ops: CityOp[] = [];
    if (this.#lacks === 'everything') {
      this.#lacks = store.keys();
      this.#arriving = true;
      this.#loading = true;
      ops.push(['reset']);
    }
    ops.push(...store.opsFor(takeKeys(this.#lacks, this.#most, (kind) => kind !== 'load')));
    if (!this.#arriving) ops.push(...this.#takeLoads(this.#lacks, this.#most - ops.length, store));
    return ops;
  }

  /** Once nothing but loads is lacked, and all edges are told with this very frame. */
  #endSnapshot(ops: CityOp[], room: number, store: RecordStore): void {
    const lacks = this.#lacks as ChangedKeys;
    const loads = lacks.get('load')?.size ?? 0;
    if (!this.#arriving || sizeOf(lacks) > loads || !this.#edges.whole) return;
    this.#arriving = false;
    ops.push(['sync'], ...this.#takeLoads(lacks, room, store));
  }

  #takeLoads(lacks: ChangedKeys, room: number, store: RecordStore): CityOp[] {
    const ops = store.opsFor(takeKeys(lacks, this.#loading ? room : LOADS_PER_FRAME, (kind) => kind === 'load'));
    if (!lacks.has('load')) this.#loading = false;
    return ops;
  }
}

/**
 * Keeps socket.io from looking through all of a frame for binary parts, which takes half as long as writing it: that search
 * asks a value for its JSON without a field's name, and writing asks with one.
 */
function asText(frame: CityFrame): CityFrame {
  return Object.defineProperty(frame, 'toJSON', { value: (field?: string) => (field === undefined ? null : frame) });
}

const sizeOf = (keys: ChangedKeys): number => [...keys.values()].reduce((sum, ids) => sum + ids.size, 0);

/** Takes at most so many keys out, in the order in which they came. */
function takeKeys(from: ChangedKeys, most: number, isWanted: (kind: RecordKind) => boolean): ChangedKeys {
  const taken: ChangedKeys = new Map();
  let room = most;
  for (const [kind, ids] of from) {
    if (room <= 0) break;
    if (!isWanted(kind)) continue;
    const some = ids.size <= room ? ids : new Set([...ids].slice(0, room));
    taken.set(kind, some);
    room -= some.size;
    if (some === ids) from.delete(kind);
    else for (const id of some) ids.delete(id);
  }
  return taken;
}
