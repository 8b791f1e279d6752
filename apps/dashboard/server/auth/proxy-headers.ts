import type { IncomingMessage } from 'node:http';
import type { ActAs } from '@kubecity/kube';
import { RefusedPeer } from '../refusal.ts';
import { sameSecret } from '../secret.ts';

/** The names that Kubernetes' own authenticating proxies use, and the one by which ours proves itself. */
const USER = 'x-remote-user';
const GROUP = 'x-remote-group';
const EXTRA = 'x-remote-extra-';
const SECRET = 'x-kubecity-proxy-secret';

export type Named = Extract<ActAs, { user: string }>;

/** The request comes through the proxy that knows the secret: what its headers say is true. */
export function fromProxy({ headers }: IncomingMessage, secret: string | undefined): boolean {
  const shown = headers[SECRET];
  return secret !== undefined && typeof shown === 'string' && sameSecret(shown, secret);
}

/** Whom the proxy names; undefined when it names nobody. @throws RefusedPeer for somebody we do not act as */
export function remotePerson({ headersDistinct }: IncomingMessage): Named | undefined {
  const valuesOf = (name: string) => (headersDistinct[name] ?? []).map(utf8).filter((value) => value !== '');
  const [user, ...others] = valuesOf(USER);
  if (user === undefined) return undefined;
  if (others.length > 0) throw new RefusedPeer('unauthenticated', `the proxy sends ${USER} more than once`);
  const extra = Object.keys(headersDistinct).flatMap((name) =>
    name.startsWith(EXTRA) ? [[unescaped(name.slice(EXTRA.length)), valuesOf(name)] as const] : [],
  );
  const groups = valuesOf(GROUP);
  return ordinary({ user, groups, ...(extra.length > 0 && { extra: Object.fromEntries(extra) }) });
}

/**
 * By impersonation nobody becomes a part of the cluster itself: the dashboard's right to impersonate must not be a way to
 * `system:masters`. @throws RefusedPeer
 */
export function ordinary(named: Named): Named {
  const bad = [named.user, ...named.groups].find((name) => name.startsWith('system:'));
  if (bad === undefined) return named;
  const what = bad === named.user ? 'user' : 'group';
  throw new RefusedPeer('forbidden', `the ${what} ${bad} is the cluster’s own: the dashboard does not act as it`);
}

/** Node reads headers byte by byte. */
const utf8 = (value: string): string => Buffer.from(value, 'latin1').toString('utf8');

/** What cannot stand in a header's name is escaped in it. @throws RefusedPeer */
function unescaped(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new RefusedPeer('unauthenticated', `the proxy sends a header ${EXTRA}${name}, which is escaped wrongly`);
  }
}
