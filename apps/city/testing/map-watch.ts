import type { CityFrame, CityRecord, RecordKind } from '@kubecity/protocol';
import { HubSession } from './hub-session.ts';

/** The hub's records as a browser has them, kept up to date frame by frame. */
export class MapWatch {
  readonly #session: HubSession;
  readonly #records = new Map<RecordKind, Map<string, unknown>>();
  readonly #waiting = new Set<() => void>();
  #closed = false;
  /** Taken so far; the hub sends one every second. */
  frames = 0;
  /** Resolves with `close`, rejects with what ended it before. */
  readonly ended: Promise<void>;

  private constructor(session: HubSession) {
    this.#session = session;
    this.ended = this.#take();
    // whoever waits for a record hears of it
    this.ended.catch(() => {});
  }

  static async open(url: string): Promise<MapWatch> {
    return new MapWatch(await HubSession.open(url));
  }

  all<K extends RecordKind>(kind: K): CityRecord<K>[] {
    return [...(this.#records.get(kind)?.values() ?? [])] as CityRecord<K>[];
  }

  /** Resolves with the number of the frame from which on `isSo` holds. */
  async when(isSo: () => boolean): Promise<number> {
    if (isSo()) return this.frames;
    const { promise, resolve } = Promise.withResolvers<number>();
    const look = () => {
      if (isSo()) resolve(this.frames);
    };
    this.#waiting.add(look);
    const stopped = this.ended.then(() => Promise.reject(new Error('the watch was closed')));
    return await Promise.race([promise, stopped]).finally(() => this.#waiting.delete(look));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#session.close();
    await this.ended;
  }

  async #take(): Promise<void> {
    for (;;) {
      const packet = await this.#session.next().catch((error: unknown) => {
        if (!this.#closed) throw error;
      });
      if (packet === undefined) return;
      const [event, body] = JSON.parse(packet.body.replace(/^\d+/, '')) as [string, CityFrame];
      if (packet.kind === 'event' && event === 'city') this.#put(body);
    }
  }

  #put({ ops }: CityFrame): void {
    for (const op of ops) {
      if (op[0] === 'reset') this.#records.clear();
      else if (op[0] === 'delete') this.#records.get(op[1])?.delete(op[2]);
      else if (op[0] === 'set') {
        const known = this.#records.get(op[1]) ?? new Map<string, unknown>();
        this.#records.set(op[1], known.set(op[2], op[3]));
      }
    }
    this.frames += 1;
    for (const look of this.#waiting) look();
  }
}
