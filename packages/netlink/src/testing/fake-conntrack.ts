import type { ConntrackSource } from '../conntrack.ts';
import { conntrackErrors } from '../errors.ts';
import { FakeDumps } from './fake-dumps.ts';

/**
 * A table for tests: dumps the chunks it was given, with the manners and errors of the real one. A held dump has not
 * handed on anything; one made to fail hands on its first chunk.
 */
export class FakeConntrack extends FakeDumps implements ConntrackSource {
  /** What a dump hands on; may be changed between dumps. */
  chunks: readonly Uint8Array[] = [];
  entries = 0;
  max: number | undefined = 262_144;
  /** Dumps begun so far, those that failed included. */
  dumps = 0;
  #running = false;

  async dump(onChunk: (bytes: Uint8Array) => void): Promise<{ interrupted: boolean }> {
    this.refuseClosed('dump');
    if (this.#running) throw conntrackErrors.of('dump', 'busy', 'another dump is running');
    this.#running = true;
    this.dumps += 1;
    try {
      const failure = await this.passed();
      for (const chunk of failure ? this.chunks.slice(0, 1) : this.chunks) onChunk(chunk);
      if (failure) throw failure;
      return { interrupted: this.isInterrupted() };
    } finally {
      this.#running = false;
    }
  }

  async stats(): Promise<{ entries: number; max?: number }> {
    this.refuseClosed('stats');
    return this.max === undefined ? { entries: this.entries } : { entries: this.entries, max: this.max };
  }
}
