import { z } from 'zod';
import { useSession } from './session-store.ts';

/** What the hub answers over HTTP: a session, or a refusal in words. */
const sessionAnswer = z.object({ csrf: z.string() });
const refusalAnswer = z.object({ message: z.string() });

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly message: string };

const NO_ANSWER = 'The dashboard does not answer. Try again in a moment.';

/** The token goes to the hub and nowhere else: this page keeps nothing of it. Never rejects. */
export async function signIn(token: string): Promise<Outcome> {
  const body = JSON.stringify({ token });
  return outcomeOf('/api/v1/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

/** Ends the session with all its windows. Never rejects. */
export async function signOut(): Promise<Outcome> {
  try {
    const session = await fetch('/api/v1/session', { cache: 'no-store' });
    // it is over already, which is what was asked for
    if (session.status === 401) return { ok: true };
    const { csrf } = sessionAnswer.parse(await session.json());
    return outcomeOf('/api/v1/logout', { method: 'POST', headers: { 'x-kubecity-csrf': csrf } });
  } catch {
    return { ok: false, message: NO_ANSWER };
  }
}

async function outcomeOf(address: string, request: RequestInit): Promise<Outcome> {
  try {
    const answer = await fetch(address, request);
    if (answer.ok) return { ok: true };
    const refusal = refusalAnswer.safeParse(await answer.json());
    return { ok: false, message: refusal.success ? refusal.data.message : `The dashboard answers ${answer.status}.` };
  } catch {
    return { ok: false, message: NO_ANSWER };
  }
}

/** Where somebody wanted to go, when that is a page of this site; else the map. */
export function wayOn(search: string): string {
  const to = new URLSearchParams(search).get('to');
  if (!to?.startsWith('/') || !URL.canParse(to, window.location.origin)) return '/';
  const { origin, pathname, search: query } = new URL(to, window.location.origin);
  return origin === window.location.origin ? pathname + query : '/';
}

let leaving = false;

/** This page has no session (any more): the way to a new one, and from there back to here. */
export function leaveForLogin(why: string): void {
  if (leaving) return;
  leaving = true;
  const { pathname, search } = window.location;
  // a proxy that signs people in does so with the next page
  if (useSession.getState().session?.how === 'proxy' && why !== 'forbidden') window.location.reload();
  else window.location.assign(`/login?${new URLSearchParams({ why, to: pathname + search })}`);
}
