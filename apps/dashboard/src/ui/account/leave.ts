import { useSession } from '../../live/session-store.ts';
import { leaveForLogin, signOut } from '../../live/sign-in.ts';
import type { Action } from '../find/action.ts';
import { notify } from '../notices.ts';

/** Ends the session with all its windows and leaves for the login page; says so when it could not. */
export async function leave(): Promise<void> {
  const outcome = await signOut();
  if (outcome.ok) leaveForLogin('signed-out');
  else notify({ tone: 'error', title: 'You are still signed in.', detail: outcome.message });
}

/** Who came through a proxy, or is simply at this machine, has nothing here to sign out of. */
export const maySignOut = (how: string | undefined): boolean => how === 'token' || how === 'oidc';

export function accountActions(): readonly Action[] {
  const { session } = useSession.getState();
  if (!session || !maySignOut(session.how)) return [];
  const words = ['log out', 'logout', 'leave', 'account', session.user];
  return [{ id: 'sign-out', label: `Sign out ${session.user}`, words, run: () => void leave() }];
}
