import { readFile } from 'node:fs/promises';
import { AnswerProgress, encodeDumpRequest } from '@kubecity/conntrack';
import { RawNetlinkSocket } from 'netlink';
import { ConntrackError, causedError, errnoError } from './errors.ts';

/** The connection tracking table of the network namespace this process is in. */
export interface ConntrackSource {
  /**
   * Dumps the IPv4 table once, handing on each received chunk of netlink messages as it comes. A dump that the kernel
   * calls interrupted is run again, a bounded number of times, so a flow may come more than once; `interrupted` says
   * that the last attempt was interrupted too, and that rows may be missing. Chunks handed on before a rejection are
   * sound, but not all there is. Rejects with ConntrackError, or with what `onChunk` threw.
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

const NETLINK_NETFILTER = 12;
/** The kernel fills at most 32 KiB at once; a buffer that is larger than that is never cut. */
const CHUNK_BYTES = 65_536;
const SYSCTL = '/proc/sys/net/netfilter';

/** Opens nothing yet: each dump has its own socket, so that a broken one leaves nothing behind for the next. */
export function openConntrack(options: ConntrackOptions = {}): ConntrackSource {
  const { destinationNatOnly = false, attempts = 3, timeoutMs = 30_000 } = options;
  const lifetime = new AbortController();
  let sequence = 0;
  let running = false;

  async function dump(onChunk: (bytes: Uint8Array) => void): Promise<{ interrupted: boolean }> {
    refuseClosed('dump', lifetime.signal);
    if (running) throw new ConntrackError('dump', 'busy', 'another dump is running');
    running = true;
    try {
      for (let attempt = 1; ; attempt += 1) {
        sequence += 1;
        const request = encodeDumpRequest({ sequence, destinationNatOnly });
        const progress = new AnswerProgress(sequence);
        await exchange(request, progress, onChunk, { timeoutMs, signal: lifetime.signal });
        if (!progress.interrupted || attempt >= attempts) return { interrupted: progress.interrupted };
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

/** Sends one request on a socket of its own and feeds `progress` until it is finished; then closes the socket. */
function exchange(
  request: Uint8Array,
  progress: AnswerProgress,
  onChunk: (bytes: Uint8Array) => void,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = openSocket();
  const abort = () => reject(closedError('dump'));
  signal.addEventListener('abort', abort, { once: true });
  const expire = () => reject(new ConntrackError('dump', 'timeout', `no end of the answer after ${timeoutMs} ms`));
  const timer = setTimeout(expire, timeoutMs);

  socket.on('error', (cause) => reject(causedError('dump', cause)));
  socket.on('truncatedMessage', () => reject(new ConntrackError('dump', 'protocol', 'a message was cut short')));
  socket.on('message', function read(bytes) {
    // Caught here because the addon calls us from C++, where an exception would end the process.
    try {
      progress.read(bytes);
      if (progress.errno !== 0) throw errnoError('dump', progress.errno);
      onChunk(bytes);
      if (progress.finished) resolve();
    } catch (error) {
      socket.off('message', read);
      reject(error);
    }
  });
  socket.send(Buffer.from(request.buffer), undefined, (cause) => {
    if (cause) reject(causedError('dump', cause));
  });

  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    socket.removeAllListeners('message');
    // Not at once: we may be inside a call of the addon, which goes on to use the socket.
    setImmediate(() => socket.close());
  });
}

function openSocket(): RawNetlinkSocket {
  try {
    // The package declares all its options as needed, though it has a default for each.
    const options = { messagePeeking: false, msgBufferSize: CHUNK_BYTES } as ConstructorParameters<
      typeof RawNetlinkSocket
    >[1];
    return new RawNetlinkSocket(NETLINK_NETFILTER, options);
  } catch (cause) {
    throw causedError('open', cause);
  }
}

async function readNumber(name: string): Promise<number> {
  const file = `${SYSCTL}/${name}`;
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw causedError('stats', cause);
  });
  const value = Number(text);
  if (!Number.isSafeInteger(value) || text.trim() === '') {
    throw new ConntrackError('stats', 'protocol', `${file} holds no number`);
  }
  return value;
}

const closedError = (operation: 'dump' | 'stats') => new ConntrackError(operation, 'closed', 'the source is closed');

function refuseClosed(operation: 'dump' | 'stats', signal: AbortSignal): void {
  if (signal.aborted) throw closedError(operation);
}
