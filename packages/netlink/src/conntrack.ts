import { constants } from 'node:os';
import {
  copyFlowRow,
  type DumpFilter,
  encodeCpuStatsRequest,
  encodeGetRequest,
  encodeTableStatsRequest,
  FlowDecoder,
  type FlowRow,
  flowIdentity,
  type TableStats,
  TableStatsReader,
} from '@kubecity/conntrack';
import { ask } from './ask.ts';
import { type Deletion, deleteEntries } from './deletion.ts';
import { type Dump, dumpOnce } from './dump.ts';
import { type ConntrackOperation, conntrackErrors as errors, NetlinkError } from './errors.ts';
import { FIRST_SEQUENCE } from './exchange.ts';

/** The connection tracking table of the network namespace this process is in, both families. */
export interface ConntrackSource {
  /**
   * Dumps the table once, handing on each received chunk of netlink messages as it comes. A dump that the kernel calls
   * interrupted is run again, a bounded number of times, so a flow may come more than once; `interrupted` says that the
   * last attempt was interrupted too, and that rows may be missing. Chunks handed on before a rejection are sound, but not
   * all there is. With a filter the kernel leaves out what it can, by its version more or less: look at each row again
   * with `flowMatches`. Rejects with NetlinkError, or with what `onChunk` threw.
   */
  dump(onChunk: (bytes: Uint8Array) => void, filter?: DumpFilter): Promise<Dump>;
  stats(): Promise<TableStats>;
  /** This very entry as it is now; undefined when it is gone, even if a later one has its addresses and ports. */
  get(row: FlowRow): Promise<FlowRow | undefined>;
  /**
   * Deletes exactly the entries that these name (`flowIdentity`). When the kernel refuses one for another reason than that
   * it is gone, the others are deleted all the same, and then it rejects with NetlinkError.
   */
  delete(identities: readonly Uint8Array[]): Promise<Deletion>;
  /** Ends what is running with `closed`; every later operation is refused with it. */
  close(): void;
}

export interface ConntrackOptions {
  /** Runs of one dump until it is uninterrupted. */
  readonly attempts?: number;
  /** For one run of a dump, one batch of deletions, or any other request. A full table of 262,144 entries takes about one second. */
  readonly timeoutMs?: number;
}

const { ENOENT } = constants.errno;

/** Opens nothing yet: each exchange has its own socket. */
export function openConntrack({ attempts = 3, timeoutMs = 30_000 }: ConntrackOptions = {}): ConntrackSource {
  const lifetime = new AbortController();
  const patience = { timeoutMs, signal: lifetime.signal };
  let dumping = false;

  async function dump(onChunk: (bytes: Uint8Array) => void, filter: DumpFilter = {}): Promise<Dump> {
    refuseClosed('dump', lifetime.signal);
    if (dumping) throw errors.of('dump', 'busy', 'another dump is running');
    dumping = true;
    try {
      for (let attempt = 1; ; attempt += 1) {
        const { interrupted } = await dumpOnce(filter, onChunk, patience);
        if (!interrupted || attempt >= attempts) return { interrupted };
      }
    } finally {
      dumping = false;
    }
  }

  async function stats(): Promise<TableStats> {
    refuseClosed('stats', lifetime.signal);
    const reader = new TableStatsReader();
    for (const request of [encodeTableStatsRequest(FIRST_SEQUENCE), encodeCpuStatsRequest(FIRST_SEQUENCE)]) {
      await ask('stats', request, (bytes) => reader.read(bytes), patience);
    }
    if (!reader.stats || reader.malformed > 0) throw errors.of('stats', 'protocol', 'the answer cannot be read');
    return reader.stats;
  }

  async function get(row: FlowRow): Promise<FlowRow | undefined> {
    refuseClosed('get', lifetime.signal);
    let found: FlowRow | undefined;
    const decoder = new FlowDecoder((each) => {
      if (each.id === row.id) found = copyFlowRow(each);
    });
    const request = encodeGetRequest(flowIdentity(row), FIRST_SEQUENCE);
    try {
      await ask('get', request, (bytes) => decoder.read(bytes), patience);
    } catch (error) {
      if (!(error instanceof NetlinkError && error.errno === ENOENT)) throw error;
    }
    if (decoder.malformed > 0) throw errors.of('get', 'protocol', 'the entry cannot be read');
    return found;
  }

  async function remove(identities: readonly Uint8Array[]): Promise<Deletion> {
    refuseClosed('delete', lifetime.signal);
    return deleteEntries(identities, patience);
  }

  return { dump, stats, get, delete: remove, close: () => lifetime.abort() };
}

/** Throws when the door was closed. */
export function refuseClosed(operation: ConntrackOperation, signal: AbortSignal): void {
  if (signal.aborted) throw errors.closed(operation);
}
