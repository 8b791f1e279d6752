import { randomUUID } from 'node:crypto';
import {
  type BrowserToHub,
  type CityOp,
  type HubToBrowser,
  PROTOCOL_VERSION,
  type SteerAnswer,
  type SteerRequest,
  steerRequest,
} from '@kubecity/protocol';
import type { Logger } from 'pino';
import type { Namespace, Socket } from 'socket.io';
import { firstFault } from './agents-door.ts';
import type { HubMetrics } from './metrics.ts';
import { RateLimit } from './rate-limit.ts';
import { type ChangedKeys, mergeKeys, type RecordStore } from './record-store.ts';
import { RefusedPeer } from './refusal.ts';

export type MapNamespace = Namespace<BrowserToHub, HubToBrowser>;
type MapSocket = Socket<BrowserToHub, HubToBrowser>;

export interface MapDoorOptions {
  readonly store: RecordStore;
  readonly steer: (request: SteerRequest) => Promise<SteerAnswer>;
  readonly log: Logger;
  readonly metrics: HubMetrics;
  readonly now: () => number;
}

export interface MapDoor {
  /** Sends every reader that can take it what it lacks. */
  send(changed: ChangedKeys): void;
}

/** A pointer that drags a weight sends a few a second; a snapshot is dear. */
const STEERS = { perSecond: 5, burst: 10 };
const RESYNCS = { perSecond: 0.2, burst: 3 };
const MOST_READERS = 200;
/** So many keys a reader may lack in any city, however small. */
const LEAST_KEYS = 1000;

/** One browser. It holds keys, never records, of what its reader lacks: bounded by the city, however slow the reader. */
class Reader {
  readonly #socket: MapSocket;
  #seq = 0;
  #lacks: ChangedKeys | 'everything' = 'everything';

  constructor(socket: MapSocket) {
    this.#socket = socket;
  }

  lackEverything(): void {
    this.#lacks = 'everything';
  }

  /** Keys of what is gone add up, too: past `most` a snapshot is the shorter way. */
  lack(more: ChangedKeys, most: number): void {
    if (this.#lacks === 'everything') return;
    mergeKeys(this.#lacks, more);
    const keys = [...this.#lacks.values()].reduce((sum, ids) => sum + ids.size, 0);
    if (keys > most) this.lackEverything();
  }

  /** The transport has handed all that was sent before to the kernel (the test that `volatile` makes, too). */
  get ready(): boolean {
    return this.#socket.conn.transport.writable;
  }

  send(store: RecordStore, epoch: string, at: number): void {
    const ops: CityOp[] = this.#lacks === 'everything' ? store.snapshot() : store.opsFor(this.#lacks);
    this.#lacks = new Map();
    // an empty frame too: it says that the hub lives and what time it has
    this.#socket.emit('city', { protocol: PROTOCOL_VERSION, epoch, seq: this.#seq, at, ops });
    this.#seq += 1;
  }
}

export function openMapDoor(namespace: MapNamespace, options: MapDoorOptions): MapDoor {
  const { store, log, metrics, now } = options;
  const epoch = randomUUID();
  const readers = new Map<string, Reader>();

  namespace.use((_socket, next) => {
    if (readers.size < MOST_READERS) return next();
    metrics.refused.inc({ door: 'map', code: 'rate-limited' });
    next(new RefusedPeer('rate-limited', `the dashboard already has ${MOST_READERS} readers`));
  });

  namespace.on('connection', (socket) => {
    // A snapshot shows changes that were not taken yet. Were they undone before the next frame, no frame would tell.
    spread(store.take());
    const reader = new Reader(socket);
    readers.set(socket.id, reader);
    metrics.readers.set(readers.size);
    reader.send(store, epoch, now());

    const resyncs = new RateLimit(RESYNCS.perSecond, RESYNCS.burst);
    socket.on('resync', () => {
      if (resyncs.admit(now())) reader.lackEverything();
    });
    const steers = new RateLimit(STEERS.perSecond, STEERS.burst);
    socket.on('steer', (raw: unknown, answer: unknown) => {
      if (typeof answer !== 'function') return; // nobody waits for a word, so nothing is done in silence
      void (async () => answer(await steer(raw, steers.admit(now()))))();
    });
    socket.on('disconnect', () => {
      readers.delete(socket.id);
      metrics.readers.set(readers.size);
    });
  });

  async function steer(raw: unknown, admitted: boolean): Promise<SteerAnswer> {
    if (!admitted) return { ok: false, code: 'rate-limited', message: 'Too many requests at once. Wait a moment.' };
    const parsed = steerRequest.safeParse(raw);
    if (!parsed.success) return { ok: false, code: 'invalid-message', message: firstFault(parsed.error) };
    const answer = await options.steer(parsed.data);
    metrics.steers.inc({ action: parsed.data.action, code: answer.ok ? 'ok' : answer.code });
    log.info({ request: parsed.data, answer }, 'steer');
    return answer;
  }

  /** Marks what every reader lacks. */
  function spread(changed: ChangedKeys): void {
    const records = store.counts().reduce((sum, [, count]) => sum + count, 0);
    const most = Math.max(LEAST_KEYS, records);
    for (const reader of readers.values()) reader.lack(changed, most);
  }

  return {
    send(changed) {
      spread(changed);
      for (const reader of readers.values()) {
        if (reader.ready) reader.send(store, epoch, now());
        else metrics.heldFrames.inc();
      }
    },
  };
}
