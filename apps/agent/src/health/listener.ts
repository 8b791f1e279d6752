import type { RequestListener, Server } from 'node:http';
import { http } from '../http.ts';

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** Callers are not trusted: small requests, answered at once, and never more than this many at a time. */
const LIMITS = { headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 5000, maxHeaderSize: 8192 };
const MOST_CONNECTIONS = 256;

/** An HTTP server that listens at `place`; `::` is IPv6 alone. Rejects when the address cannot be bound. */
export function listen(place: Place, handler: RequestListener): Promise<Server> {
  const server = http.createServer(LIMITS, handler);
  server.maxConnections = MOST_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...place, ipv6Only: place.host.includes(':') }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

/** Resolves when nobody is connected any more; connections are cut. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

export interface KeptListener {
  /** Of the bound address; undefined while it cannot be bound. */
  readonly port: number | undefined;
  close(): Promise<void>;
}

export interface KeepOptions {
  /** Reject at the first failure instead of trying again. */
  readonly hardFail: boolean;
  readonly retryMs?: number;
  /** Each time the address cannot be bound. */
  readonly failed: (error: Error) => void;
}

/** As `listen`, but tries again until the address is free (kube-proxy does so every 5 s). */
export async function keepListening(
  place: Place,
  handler: RequestListener,
  options: KeepOptions,
): Promise<KeptListener> {
  const { hardFail, retryMs = 5000, failed } = options;
  let server: Server | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const attempt = async () => {
    try {
      const bound = await listen(place, handler);
      if (closed) await close(bound);
      else server = bound;
    } catch (error) {
      failed(error as Error);
      if (hardFail) throw error;
      if (!closed) timer = setTimeout(attempt, retryMs);
    }
  };
  await attempt();
  return {
    get port() {
      const address = server?.address();
      return typeof address === 'object' ? address?.port : undefined;
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      if (server) await close(server);
    },
  };
}
