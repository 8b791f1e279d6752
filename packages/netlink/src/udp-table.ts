import { type UdpEntry, type UdpFlow, UdpFlowReader, udpFilter } from '@kubecity/conntrack';
import type { Family } from '@kubecity/routing';
import { refuseClosed } from './conntrack.ts';
import { type Deletion, deleteEntries } from './deletion.ts';
import { dumpOnce } from './dump.ts';
import { conntrackErrors as errors } from './errors.ts';

/** The UDP entries of the connection tracking table of this network namespace, both families, translated or not. */
export interface UdpTable {
  /**
   * Looks once at every UDP entry of a family and returns those that are wanted. `interrupted` says that some may be
   * missing. Rejects with NetlinkError, or with what `wanted` threw.
   */
  select(family: Family, wanted: (flow: UdpFlow) => boolean): Promise<UdpSelection>;
  /** As `ConntrackSource.delete`. */
  delete(entries: readonly UdpEntry[]): Promise<Deletion>;
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

/** Opens nothing yet: each dump and each batch has its own socket. */
export function openUdpTable({ attempts = 3, timeoutMs = 30_000 }: UdpTableOptions = {}): UdpTable {
  const lifetime = new AbortController();
  const patience = { timeoutMs, signal: lifetime.signal };

  async function select(family: Family, wanted: (flow: UdpFlow) => boolean): Promise<UdpSelection> {
    refuseClosed('dump', lifetime.signal);
    for (let attempt = 1; ; attempt += 1) {
      const reader = new UdpFlowReader(family, wanted);
      const { interrupted } = await dumpOnce(udpFilter(family), (bytes) => reader.read(bytes), patience);
      if (reader.malformed > 0) throw errors.of('dump', 'protocol', `${reader.malformed} entries cannot be read`);
      if (!interrupted || attempt >= attempts) return { entries: reader.entries, seen: reader.seen, interrupted };
    }
  }

  async function remove(entries: readonly UdpEntry[]): Promise<Deletion> {
    refuseClosed('delete', lifetime.signal);
    return deleteEntries(
      entries.map(({ identity }) => identity),
      patience,
    );
  }

  return { select, delete: remove, close: () => lifetime.abort() };
}
