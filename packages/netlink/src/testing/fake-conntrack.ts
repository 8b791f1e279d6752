import {
  copyFlowRow,
  encodeDeleteBatch,
  FlowDecoder,
  type FlowRow,
  flowIdentity,
  messagesOf,
  type TableStats,
} from '@kubecity/conntrack';
import type { ConntrackSource } from '../conntrack.ts';
import type { Deletion } from '../deletion.ts';
import type { Dump } from '../dump.ts';
import { conntrackErrors } from '../errors.ts';
import { FakeDumps } from './fake-dumps.ts';

/**
 * A table for tests: dumps the chunks it was given, with the manners and errors of the real one, and of an old kernel: it
 * does not look at filters. A held dump has not handed on anything; one made to fail hands on its first chunk.
 */
export class FakeConntrack extends FakeDumps implements ConntrackSource {
  /** What a dump hands on; may be changed between operations. Deletions take entries out. */
  chunks: readonly Uint8Array[] = [];
  entries = 0;
  max: number | undefined = 262_144;
  insertFailed = 0;
  dropped = 0;
  earlyDropped = 0;
  /** Dumps begun so far, those that failed included. */
  dumps = 0;
  /** How many entries each deletion was asked for, in order. */
  readonly deletions: number[] = [];
  #running = false;

  async dump(onChunk: (bytes: Uint8Array) => void): Promise<Dump> {
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

  async stats(): Promise<TableStats> {
    this.refuseClosed('stats');
    const { entries, max, insertFailed, dropped, earlyDropped } = this;
    return { entries, ...(max === undefined ? {} : { max }), insertFailed, dropped, earlyDropped };
  }

  async get(row: FlowRow): Promise<FlowRow | undefined> {
    this.refuseClosed('get');
    const wanted = nameOf(flowIdentity(row));
    return this.chunks.flatMap(rowsOf).find((each) => nameOf(flowIdentity(each)) === wanted);
  }

  async delete(identities: readonly Uint8Array[]): Promise<Deletion> {
    this.refuseClosed('delete');
    // Made, but not sent: it refuses what is no identity.
    encodeDeleteBatch(identities, 1);
    this.deletions.push(identities.length);
    const doomed = new Set(identities.map(nameOf));
    let deleted = 0;
    this.chunks = this.chunks.flatMap(messagesOf).filter((message) => {
      const isDoomed = rowsOf(message).some((row) => doomed.has(nameOf(flowIdentity(row))));
      if (isDoomed) deleted += 1;
      return !isDoomed;
    });
    return { deleted, missing: identities.length - deleted };
  }
}

const nameOf = (identity: Uint8Array): string => identity.join();

function rowsOf(chunk: Uint8Array): FlowRow[] {
  const rows: FlowRow[] = [];
  new FlowDecoder((row) => rows.push(copyFlowRow(row))).read(chunk);
  return rows;
}
