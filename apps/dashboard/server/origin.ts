import type { IncomingMessage } from 'node:http';
import { isIPv4 } from 'node:net';

/** `localhost`, 127.0.0.0/8 or ::1, as a host name of a URL or a listener. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIPv4(host) && host.startsWith('127.'));
}

/** Under which names our pages are known. */
export interface Site {
  /**
   * Loopback names only: nobody is asked who they are, so a foreign name that was made to point here (DNS rebinding), whose
   * origin would match, must not do. With sign-in such a page has no session, for cookies belong to a name.
   */
  readonly loopbackOnly: boolean;
  /** `https://kubecity.example.com`, when a proxy gives us that name. */
  readonly publicOrigin?: string;
}

/**
 * Whether a request that changes something, or a socket, may come from whoever sent it. Browsers send `Origin` with every
 * WebSocket and every request that is not a plain GET, and it must name the host that is asked.
 */
export function sameSite({ headers }: IncomingMessage, site: Site): boolean {
  const asked = urlOf(`http://${headers.host ?? ''}`);
  if (!asked || (site.loopbackOnly && !isLoopback(asked.hostname))) return false;
  if (headers.origin === undefined) {
    return headers['sec-fetch-site'] !== 'cross-site' && headers['sec-fetch-site'] !== 'same-site';
  }
  if (headers.origin === site.publicOrigin) return true;
  const origin = urlOf(headers.origin);
  // a proxy may have ended TLS; before a local page there is none
  if (origin?.protocol !== 'http:' && (origin?.protocol !== 'https:' || site.loopbackOnly)) return false;
  return origin.host === urlOf(`${origin.protocol}//${headers.host}`)?.host;
}

const urlOf = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);
