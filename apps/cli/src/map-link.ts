import type {
  BrowserToHub,
  CityEdgeRow,
  CityFrame,
  CityRecord,
  EdgeName,
  HubToBrowser,
  Look,
  MapAnswer,
  MapQuestion,
  RecordKind,
} from '@kubecity/protocol';
import { io, type Socket } from 'socket.io-client';
import { Failure } from './failure.ts';

/** Milliseconds. */
const CONNECT = 15_000;
const ANSWER = 35_000;

/** The city as a dashboard tells it live: records, and edges with their names. */
export class MapLink {
  readonly #socket: Socket<HubToBrowser, BrowserToHub>;
  readonly #records = new Map<RecordKind, Map<string, unknown>>();
  readonly #names = new Map<number, EdgeName>();
  readonly #rows = new Map<number, CityEdgeRow>();
  readonly #whole = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<never>();
  readonly #readers = new Set<(at: number) => void>();
  #seq = -1;

  /** @param says hears when the dashboard is away, and when it is back */
  constructor(origin: string, headers: Record<string, string>, says: (words: string) => void) {
    const timeout = setTimeout(() => this.#fail('it does not answer'), CONNECT);
    // whoever waits for these two is told; where nobody does, a failure must not end the process
    this.#whole.promise.catch(() => {}).finally(() => clearTimeout(timeout));
    this.#socket = io(`${origin}/map`, { transports: ['websocket'], forceNew: true, extraHeaders: headers });
    this.#socket.on('connect_error', (error) => this.#fail(error.message));
    this.#over.promise.catch(() => {});
    this.#socket.on('session', (change) => {
      if (change.state === 'ended') this.#fail(`the session ended (${change.why})`);
    });
    this.#socket.on('disconnect', (reason) => {
      if (reason === 'io client disconnect') return;
      says('The dashboard is away; waiting for it.');
      // whoever is sent away does not come back by itself
      if (!this.#socket.active) this.#fail('it closed the connection');
      this.#socket.once('connect', () => says('The dashboard is back.'));
    });
    this.#socket.on('city', (frame) => this.#take(frame));
  }

  /** Resolves when all is told that there is. @throws Failure */
  whole(): Promise<void> {
    return this.#whole.promise;
  }

  /** Never resolves. @throws Failure when the map will not come back */
  over(): Promise<never> {
    return this.#over.promise;
  }

  all<K extends RecordKind>(kind: K): ReadonlyMap<string, CityRecord<K>> {
    return (this.#records.get(kind) ?? new Map()) as ReadonlyMap<string, CityRecord<K>>;
  }

  /** What every edge does at this moment. */
  edges(): (readonly [EdgeName, CityEdgeRow])[] {
    return [...this.#rows].flatMap(([id, row]) => {
      const name = this.#names.get(id);
      return name ? [[name, row] as const] : [];
    });
  }

  look(look: Look): void {
    this.#socket.emit('look', look);
  }

  /** Calls after each frame that completes a picture. @param seen gets Unix ms of the frame; call the result to leave */
  follow(seen: (at: number) => void): () => void {
    this.#readers.add(seen);
    return () => this.#readers.delete(seen);
  }

  /** @throws Failure where the hub refuses or does not answer */
  async ask<K extends MapQuestion['kind']>(
    question: Extract<MapQuestion, { kind: K }>,
  ): Promise<Extract<MapAnswer, { kind: K }>> {
    await this.whole();
    let answer: MapAnswer;
    try {
      answer = await this.#socket.timeout(ANSWER).emitWithAck('ask', question);
    } catch (cause) {
      throw new Failure('failure', `The dashboard did not answer within ${ANSWER / 1000} s.`, cause);
    }
    if (answer.kind === 'refused') throw new Failure('failure', answer.message);
    return answer as Extract<MapAnswer, { kind: K }>;
  }

  close(): void {
    this.#socket.close();
  }

  #fail(why: string): void {
    const failure = new Failure('failure', `The dashboard’s live map cannot be read: ${why}.`);
    this.#whole.reject(failure);
    // a connection that was lost is tried again; one that never was, or was ended, is not
    if (!this.#socket?.active || this.#seq < 0) this.#over.reject(failure);
  }

  #take({ seq, ops, edges, at }: CityFrame): void {
    if (seq !== this.#seq + 1 && ops[0]?.[0] !== 'reset' && this.#seq !== -1) {
      this.#seq = seq;
      this.#socket.emit('resync');
      return;
    }
    this.#seq = seq;
    let synced = false;
    for (const op of ops) {
      if (op[0] === 'reset') this.#records.clear();
      else if (op[0] === 'set') this.#of(op[1]).set(op[2], op[3]);
      else if (op[0] === 'delete') this.#of(op[1]).delete(op[2]);
      else synced = true;
    }
    if (edges) {
      if (edges.reset) {
        this.#names.clear();
        this.#rows.clear();
      }
      for (const id of edges.forget) {
        this.#names.delete(id);
        this.#rows.delete(id);
      }
      for (const [id, name] of edges.define) this.#names.set(id, name);
      for (const row of edges.rows) this.#rows.set(row[0] ?? -1, row);
    }
    if (synced) this.#whole.resolve();
    for (const seen of this.#readers) seen(at);
  }

  #of(kind: RecordKind): Map<string, unknown> {
    const known = this.#records.get(kind);
    if (known) return known;
    const made = new Map<string, unknown>();
    this.#records.set(kind, made);
    return made;
  }
}
