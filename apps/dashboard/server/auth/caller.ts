import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { isLoopback } from '../origin.ts';
import { RefusedPeer } from '../refusal.ts';
import type { AuthSettings } from './auth-settings.ts';
import { fromProxy } from './proxy-headers.ts';

/** Where a request comes from and whether somebody could listen on the way. */
export class Caller {
  /** It came over TLS, as far as we or a proxy that proved itself can tell: cookies are for TLS only. */
  readonly secure: boolean;
  /** Of the person's machine, not of our own proxy. */
  readonly address: string;
  readonly #onThisMachine: boolean;

  constructor(request: IncomingMessage, { publicUrl, proxySecret }: AuthSettings) {
    const { headers, socket } = request;
    const proxied = fromProxy(request, proxySecret);
    const forwarded = proxied ? String(headers['x-forwarded-for'] ?? '').split(',') : [];
    const peer = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    this.address = forwarded.at(-1)?.trim() || peer;
    this.#onThisMachine = isLoopback(peer);
    this.secure =
      (socket as Partial<TLSSocket>).encrypted === true ||
      publicUrl?.protocol === 'https:' ||
      (proxied && headers['x-forwarded-proto'] === 'https');
  }

  /** A token in the clear is everybody's. @throws RefusedPeer */
  requireSecure(): void {
    if (this.secure || this.#onThisMachine) return;
    throw new RefusedPeer(
      'forbidden',
      'People sign in over https only: give the dashboard --tls-cert-file, or --public-url behind a proxy that ends TLS, or use a tunnel.',
    );
  }
}
