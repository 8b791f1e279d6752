import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';

/** `localhost`, 127.0.0.0/8 or ::1, as a host name of a URL or a listener. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

/**
 * Whether a socket may be opened by whoever sent this request. Browsers send `Origin` with every WebSocket and every
 * cross-site request, and it must name the host that is asked. The host itself must be a loopback name: a foreign name
 * that was made to point here (DNS rebinding) would have a matching origin.
 */
export function sameSite({ headers }: IncomingMessage): boolean {
  const asked = urlOf(`http://${headers.host ?? ''}`);
  if (!asked || !isLoopback(asked.hostname)) return false;
  if (headers.origin === undefined) return headers['sec-fetch-site'] !== 'cross-site';
  const origin = urlOf(headers.origin);
  return origin?.protocol === 'http:' && origin.host === asked.host;
}

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);
