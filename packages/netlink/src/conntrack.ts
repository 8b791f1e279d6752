import { readFile } from 'node:fs/promises';
import { AnswerProgress, encodeDumpRequest } from '@kubecity/conntrack';
import { conntrackErrors as errors } from './errors.ts';
import { exchange } from './exchange.ts';

/** The connection tracking table of the network namespace this process is in. */
export interface ConntrackSource {
  /**
   * Dumps the IPv4 table once, handing on each received chunk of netlink messages as it comes. A dump that the kernel
   * calls interrupted is run again, a bounded number of times, so a flow may come more than once; `interrupted` says
   * that the last attempt was interrupted too, and that rows may be missing. Chunks handed on before a rejection are
   * sound, but not all there is. Rejects with NetlinkError, or with what `onChunk` threw.
   */
  dump(onChunk: (bytes: Uint8Array) => void): Promise<{ readonly interrupted: boolean }>;
  /** Entries of the table at this moment, and how many it may hold (absent = no limit). */
  stats(): Promise<{ readonly entries: number; readonly max?: number }>;
  /** Ends a running dump with `closed`; every later operation is refused with it. */
  close(): void;
}

export interface ConntrackOptions {
  /** Leave out what is not translated by DNAT, where the kernel can (5.15); older ones send everything. */
  readonly destinationNatOnly?: boolean;
  /** Runs of one dump until it is uninterrupted. */
  readonly attempts?: number;
  /** For one run. A full table of 262,144 entries takes about one second. */
  readonly timeoutMs?: number;
}

const SYSCTL = '/proc/sys/net/netfilter';

/** Opens nothing yet: each dump has its own socket. */
export function openConntrack(options: ConntrackOptions = {}): ConntrackSource {
  const { destinationNatOnly = false, attempts = 3, timeoutMs = 30_000 } = options;
  const lifetime = new AbortController();
  let sequence = 0;
  let running = false;

  async function dump(onChunk: (bytes: Uint8Array) => void): Promise<{ interrupted: boolean }> {
    refuseClosed('dump', lifetime.signal);
    if (running) throw errors.of('dump', 'busy', 'another dump is running');
    running = true;
    try {
      for (let attempt = 1; ; attempt += 1) {
        sequence += 1;
        const request = encodeDumpRequest({ sequence, destinationNatOnly });
        const { interrupted } = await dumpOnce(request, sequence, onChunk, { timeoutMs, signal: lifetime.signal });
        if (!interrupted || attempt >= attempts) return { interrupted };
      }
    } finally {
      running = false;
    }
  }

  async function stats(): Promise<{ entries: number; max?: number }> {
    refuseClosed('stats', lifetime.signal);
    const [entries, max] = await Promise.all([readNumber('nf_conntrack_count'), readNumber('nf_conntrack_max')]);
    return max > 0 ? { entries, max } : { entries };
  }

  return { dump, stats, close: () => lifetime.abort() };
}

/** One run of a dump. */
export async function dumpOnce(
  request: Uint8Array,
  sequence: number,
  onChunk: (bytes: Uint8Array) => void,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<{ interrupted: boolean }> {
  const progress = new AnswerProgress(sequence);
  const read = (bytes: Uint8Array) => {
    progress.read(bytes);
    if (progress.errno !== 0) throw errors.errno('dump', progress.errno);
    onChunk(bytes);
    return progress.finished;
  };
  await exchange(request, read, { operation: 'dump', errors, timeoutMs, signal });
  return { interrupted: progress.interrupted };
}

async function readNumber(name: string): Promise<number> {
  const file = `${SYSCTL}/${name}`;
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw errors.caused('stats', cause);
  });
  const value = Number(text);
  if (!Number.isSafeInteger(value) || text.trim() === '') {
    throw errors.of('stats', 'protocol', `${file} holds no number`);
  }
  return value;
}

/** Throws when the door was closed. */
export function refuseClosed(operation: 'dump' | 'stats' | 'delete', signal: AbortSignal): void {
  if (signal.aborted) throw errors.closed(operation);
}
