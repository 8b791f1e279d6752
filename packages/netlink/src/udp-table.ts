import { constants } from 'node:os';
import {
  BatchAnswers,
  encodeDeleteBatch,
  encodeUdpDumpRequest,
  type UdpEntry,
  type UdpFlow,
  UdpFlowReader,
} from '@kubecity/conntrack';
import type { Family } from '@kubecity/routing';
import { dumpOnce, refuseClosed } from './conntrack.ts';
import { conntrackErrors as errors } from './errors.ts';
import { exchange } from './exchange.ts';

/** The UDP entries of the connection tracking table of this network namespace, both families, translated or not. */
export interface UdpTable {
  /**
   * Looks once at every UDP entry of a family and returns those that are wanted. `interrupted` says that some may be
   * missing. Rejects with NetlinkError, or with what `wanted` threw.
   */
  select(family: Family, wanted: (flow: UdpFlow) => boolean): Promise<UdpSelection>;
  /**
   * Deletes exactly these entries, 64 at a time. One that is gone already is counted as such, even when its addresses and
   * ports are in use again. Any other refusal rejects with NetlinkError after the batch it came in.
   */
  delete(family: Family, entries: readonly UdpEntry[]): Promise<{ readonly deleted: number; readonly gone: number }>;
  /** Ends what is running with `closed`; every later operation is refused with it. */
  close(): void;
}

export interface UdpSelection {
  readonly entries: readonly UdpEntry[];
  /** How many were looked at. */
  readonly seen: number;
  readonly interrupted: boolean;
}

export interface UdpTableOptions {
  /** Runs of one dump until it is uninterrupted. */
  readonly attempts?: number;
  /** For one run of a dump, or one batch of deletions. */
  readonly timeoutMs?: number;
}

const { ENOENT } = constants.errno;
/** Answers are not held back like a dump's rows; an overrun receive buffer would end the process (npm `netlink`). */
const BATCH = 64;

/** Opens nothing yet: each dump and each batch has its own socket. */
export function openUdpTable({ attempts = 3, timeoutMs = 30_000 }: UdpTableOptions = {}): UdpTable {
  const lifetime = new AbortController();
  const { signal } = lifetime;
  let sequence = 0;

  async function select(family: Family, wanted: (flow: UdpFlow) => boolean): Promise<UdpSelection> {
    refuseClosed('dump', signal);
    for (let attempt = 1; ; attempt += 1) {
      sequence += 1;
      const reader = new UdpFlowReader(family, wanted);
      const request = encodeUdpDumpRequest({ sequence, family });
      const { interrupted } = await dumpOnce(request, sequence, (bytes) => reader.read(bytes), { timeoutMs, signal });
      if (reader.malformed > 0) throw errors.of('dump', 'protocol', `${reader.malformed} entries cannot be read`);
      if (!interrupted || attempt >= attempts) return { entries: reader.entries, seen: reader.seen, interrupted };
    }
  }

  async function remove(family: Family, entries: readonly UdpEntry[]): Promise<{ deleted: number; gone: number }> {
    refuseClosed('delete', signal);
    let deleted = 0;
    let gone = 0;
    for (let start = 0; start < entries.length; start += BATCH) {
      const batch = entries.slice(start, start + BATCH).map(({ identity }) => identity);
      const first = sequence + 1;
      sequence += batch.length;
      const answers = new BatchAnswers(first, sequence);
      const read = (bytes: Uint8Array) => {
        answers.read(bytes);
        return answers.finished;
      };
      await exchange(encodeDeleteBatch(batch, family, first), read, { operation: 'delete', errors, timeoutMs, signal });
      deleted += answers.done;
      gone += answers.refusals.get(ENOENT) ?? 0;
      const refusal = [...answers.refusals.keys()].find((errno) => errno !== ENOENT);
      if (refusal !== undefined) throw errors.errno('delete', refusal);
    }
    return { deleted, gone };
  }

  return { select, delete: remove, close: () => lifetime.abort() };
}
