import type { Session, SessionChange } from '@kubecity/protocol';
import { z } from 'zod';
import { create } from 'zustand';

/** Who looks, as the hub says; nothing before it has said so. */
export interface SessionStore {
  readonly session?: Session;
  /** Why the session is over: the page asks for a new one. */
  readonly ended?: string;
}

export const useSession = create<SessionStore>(() => ({}));

const text = z.string().max(1024);
const sessionChange = z.discriminatedUnion('state', [
  z.object({
    state: z.literal('session'),
    session: z.object({
      user: text,
      groups: z.array(text).max(10_000),
      how: z.enum(['local', 'token', 'oidc', 'proxy']),
      until: z.number().optional(),
      maySteer: z.union([z.literal('all'), z.array(text).max(100_000)]),
    }),
  }),
  z.object({ state: z.literal('ended'), why: text }),
]);

/** Takes the hub's word; what is none leaves nobody signed in, and says so. */
export function takeSession(message: SessionChange): void {
  const parsed = sessionChange.safeParse(message);
  if (!parsed.success) useSession.setState({ session: undefined, ended: 'The dashboard sent no session.' });
  else if (parsed.data.state === 'ended') useSession.setState({ session: undefined, ended: parsed.data.why });
  else useSession.setState({ session: parsed.data.session, ended: undefined });
}

/** May this person write overrides of a namespace; without a namespace, those of the whole cluster? */
export function maySteer(session: Session | undefined, namespace: string | undefined): boolean {
  if (!session) return false;
  return session.maySteer === 'all' || (namespace !== undefined && session.maySteer.includes(namespace));
}
