/** What the address of the login page says in `why`: the end of a session, or a refusal. */
const WORDS: Readonly<Record<string, string>> = {
  'signed-out': 'You are signed out.',
  idle: 'You were signed out because nobody used this window for long.',
  expired: 'Your session is over; a new one begins with signing in.',
  refused: 'The cluster does not take your sign-in any more.',
  replaced: 'You signed in elsewhere, and this older session made room.',
  forbidden:
    'You may not see this map. It shows all Services: ask for the right to list services, or routingoverrides.kubecity.dev, in all namespaces.',
  unauthenticated: 'That did not prove who you are. Sign in again.',
  'rate-limited': 'Too many attempts from your address. Wait a moment.',
  'api-unavailable':
    'Who you are cannot be checked now: the cluster or the issuer does not answer. Try again in a moment.',
};

/** Anybody can write an address: only what is listed has words. */
export const whyWords = (why: string | null): string | undefined =>
  why !== null && Object.hasOwn(WORDS, why) ? WORDS[why] : undefined;
