import type { IncomingMessage } from 'node:http';

export interface CookieOptions {
  /** Over TLS: the browser then shows it nowhere else, and takes it from no sibling host (`__Host-`). */
  readonly secure: boolean;
  /** `Lax` only where another site leads the browser back to us. */
  readonly sameSite: 'Strict' | 'Lax';
  /** Seconds; 0 removes it. Absent = until the browser ends. */
  readonly maxAge?: number;
}

const nameOf = (name: string, secure: boolean) => (secure ? `__Host-${name}` : name);

/** For `Set-Cookie`. `value` must be made of letters, digits, `-` and `_`. */
export function cookieText(name: string, value: string, { secure, sameSite, maxAge }: CookieOptions): string {
  const age = maxAge === undefined ? '' : `; Max-Age=${maxAge}`;
  return `${nameOf(name, secure)}=${value}; Path=/; HttpOnly; SameSite=${sameSite}${age}${secure ? '; Secure' : ''}`;
}

/** The value of the cookie as we would set it on this connection; the other form of its name counts for nothing. */
export function readCookie({ headers }: IncomingMessage, name: string, secure: boolean): string | undefined {
  const wanted = nameOf(name, secure);
  for (const pair of (headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === wanted) return pair.slice(at + 1).trim();
  }
  return undefined;
}
