import type { ConntrackSource } from '../conntrack.ts';
import { conntrackErrors, type NetlinkErrorCode } from '../errors.ts';

/** A table for tests: dumps the chunks it was given, with the manners and errors of the real one. */
export class FakeConntrack implements ConntrackSource {
  /** What a dump hands on; may be changed between dumps. */
  chunks: readonly Uint8Array[] = [];
  entries = 0;
  max: number | undefined = 262_144;
  /** Dumps begun so far, those that failed included. */
  dumps = 0;

  #closed = false;
  #running = false;
  #failures: NetlinkErrorCode[] = [];
  #interruptions = 0;
  #held: Promise<void> | undefined;

  /** The next dumps hand on their first chunk and then fail with these codes, one each. */
  failNext(...codes: NetlinkErrorCode[]): void {
    this.#failures.push(...codes);
  }

  /** So many of the next dumps end as interrupted, every attempt spent. */
  interruptNext(count = 1): void {
    this.#interruptions += count;
  }

  /** Dumps wait before their first chunk until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  async dump(onChunk: (bytes: Uint8Array) => void): Promise<{ interrupted: boolean }> {
    this.#refuseClosed('dump');
    if (this.#running) throw conntrackErrors.of('dump', 'busy', 'another dump is running');
    this.#running = true;
    this.dumps += 1;
    try {
      await this.#held;
      this.#refuseClosed('dump');
      const failure = this.#failures.shift();
      for (const chunk of failure ? this.chunks.slice(0, 1) : this.chunks) onChunk(chunk);
      if (failure) throw conntrackErrors.of('dump', failure, `made to fail: ${failure}`);
      const interrupted = this.#interruptions > 0;
      if (interrupted) this.#interruptions -= 1;
      return { interrupted };
    } finally {
      this.#running = false;
    }
  }

  async stats(): Promise<{ entries: number; max?: number }> {
    this.#refuseClosed('stats');
    return this.max === undefined ? { entries: this.entries } : { entries: this.entries, max: this.max };
  }

  close(): void {
    this.#closed = true;
  }

  #refuseClosed(operation: 'dump' | 'stats'): void {
    if (this.#closed) throw conntrackErrors.closed(operation);
  }
}
