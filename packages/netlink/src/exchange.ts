import { RawNetlinkSocket } from 'netlink';
import type { NetlinkErrors } from './errors.ts';

/** How long an exchange may last. */
export interface Patience {
  readonly timeoutMs: number;
  /** Ends the exchange with `closed`. */
  readonly signal: AbortSignal;
}

export interface ExchangeOptions<Operation extends string> extends Patience {
  readonly operation: Operation;
  /** Which part of the kernel is asked; netfilter when absent. */
  readonly protocol?: number;
  /** Of the longest chunk that may come, as each is given so much; of a dump when absent. */
  readonly chunkBytes?: number;
  /** Builds the errors of the door that asks. */
  readonly errors: NetlinkErrors<Operation>;
}

/** Each exchange has a socket of its own, so that its requests may always be numbered alike. */
export const FIRST_SEQUENCE = 1;

export const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;
/** The kernel fills at most 32 KiB at once; a buffer that is larger than that is never cut. */
const CHUNK_BYTES = 65_536;

/**
 * Sends `request` on a socket of its own, hands each received chunk to `read` until that says that the answer is whole,
 * and closes the socket: a broken one leaves nothing behind for the next exchange. Rejects with NetlinkError, or with what
 * `read` threw. An answer must fit the receive buffer unless it is a dump, which the kernel sends as fast as it is read.
 */
export function exchange<Operation extends string>(
  request: Uint8Array,
  read: (bytes: Uint8Array) => boolean,
  {
    operation,
    protocol = NETLINK_NETFILTER,
    chunkBytes = CHUNK_BYTES,
    errors,
    timeoutMs,
    signal,
  }: ExchangeOptions<Operation>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = openSocket(protocol, chunkBytes, errors);
  const abort = () => reject(errors.closed(operation));
  signal.addEventListener('abort', abort, { once: true });
  const expire = () => reject(errors.of(operation, 'timeout', `no end of the answer after ${timeoutMs} ms`));
  const timer = setTimeout(expire, timeoutMs);

  socket.on('error', (cause) => reject(errors.caused(operation, cause)));
  socket.on('truncatedMessage', () => reject(errors.of(operation, 'protocol', 'a message was cut short')));
  socket.on('message', function receive(bytes) {
    // Caught here because the addon calls us from C++, where an exception would end the process.
    try {
      if (read(bytes)) resolve();
    } catch (error) {
      socket.off('message', receive);
      reject(error);
    }
  });
  socket.send(Buffer.from(request.buffer, request.byteOffset, request.byteLength), undefined, (cause) => {
    if (cause) reject(errors.caused(operation, cause));
  });

  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    socket.removeAllListeners('message');
    // Not at once: we may be inside a call of the addon, which goes on to use the socket.
    setImmediate(() => socket.close());
  });
}

function openSocket(protocol: number, chunkBytes: number, errors: NetlinkErrors<never>): RawNetlinkSocket {
  try {
    // The package declares all its options as needed, though it has a default for each.
    const options = { messagePeeking: false, msgBufferSize: chunkBytes } as ConstructorParameters<
      typeof RawNetlinkSocket
    >[1];
    return new RawNetlinkSocket(protocol, options);
  } catch (cause) {
    throw errors.caused('open', cause);
  }
}
