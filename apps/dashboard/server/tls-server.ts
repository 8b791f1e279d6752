import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { Logger } from 'pino';

export interface TlsFiles {
  /** PEM: the certificate and those between it and its authority. */
  readonly cert: string;
  /** PEM */
  readonly key: string;
}

/** Milliseconds; whoever renews a certificate does so days before its end. */
const LOOK_AGAIN = 60_000;

/** An HTTPS server that follows its files: connections after a renewal get the new certificate. @throws Error at start */
export function tlsServer(files: TlsFiles, log: Logger): Server {
  const read = () => ({ cert: readFileSync(files.cert, 'utf8'), key: readFileSync(files.key, 'utf8') });
  let current = read();
  const server = createServer(current);
  const timer = setInterval(() => {
    try {
      const next = read();
      if (next.cert === current.cert && next.key === current.key) return;
      server.setSecureContext(next);
      current = next;
      log.info('the certificate is renewed');
    } catch (error) {
      // between the two files of a renewal, or for good: the old one serves, and the log repeats it
      log.warn({ err: error }, 'the new certificate cannot be used');
    }
  }, LOOK_AGAIN).unref();
  server.once('close', () => clearInterval(timer));
  return server;
}
