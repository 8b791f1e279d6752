import { createHash } from 'node:crypto';
import { type KubeClient, KubeError, resources } from '@kubecity/kube';
import type { KubePod } from '@kubecity/routing';
import { z } from 'zod';
import { RefusedPeer } from '../refusal.ts';
import type { AgentProof, Claim } from './agent-proof.ts';
import { Turns } from './turns.ts';

export interface AccountProofOptions {
  readonly client: Pick<KubeClient, 'reviewToken' | 'list'>;
  /** That tokens must be made for; one for the API server itself is refused. */
  readonly audience: string;
  /** The ServiceAccount of the agents. */
  readonly account: { readonly namespace: string; readonly name: string };
  /** Unix ms. */
  readonly now: () => number;
}

/** What is known of a token: whose node it is of, or why it is no proof. */
type Verdict = { readonly node: string } | { readonly refused: RefusedPeer };

interface Kept {
  readonly verdict: Promise<Verdict>;
  /** Unix ms. */
  until: number;
}

/** Milliseconds. A pod that is gone is believed for so long; a bad token is not asked about again for so long. */
const KEPT = { good: 60_000, bad: 10_000 };
const AGAIN_MS = 5 * 60_000;
const MOST_KEPT = 10_000;
/** Reviews: after a restart a thousand agents come at once, and the API server has other work. */
const REVIEWS = { atOnce: 16, mostWaiting: 5000 };

const NODE_NAME = 'authentication.kubernetes.io/node-name';
const POD_NAME = 'authentication.kubernetes.io/pod-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';

/**
 * ServiceAccount tokens, as the kubelet projects them into the agents' pods. A TokenReview says whether a token is good, and
 * it must be of the node that the agent speaks for: from Kubernetes 1.30 on it names it, before that its pod does.
 */
export function accountProof(options: AccountProofOptions): AgentProof {
  const { now } = options;
  /** By digest, so that no token is kept; oldest first. */
  const kept = new Map<string, Kept>();
  const turns = new Turns(REVIEWS.atOnce, REVIEWS.mostWaiting);

  function verdictOn(token: string): Promise<Verdict> {
    const key = createHash('sha256').update(token).digest('base64url');
    const known = kept.get(key);
    if (known && now() < known.until) return known.verdict;
    const asked = turns.take(() => judge(options, token));
    if (!asked) throw new RefusedPeer('rate-limited', 'too many agents come at once; try again in a moment');
    const entry: Kept = { verdict: asked, until: Number.POSITIVE_INFINITY };
    kept.delete(key);
    kept.set(key, entry);
    if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value as string);
    asked.then(
      (verdict) => {
        entry.until = 'node' in verdict ? Math.min(now() + KEPT.good, endOf(token)) : now() + KEPT.bad;
      },
      // nothing was learned: whoever waits hears why, and the next one asks again
      () => kept.delete(key),
    );
    return asked;
  }

  return {
    againMs: AGAIN_MS,
    check: async ({ node, token }: Claim) => {
      const verdict = await verdictOn(token);
      if ('refused' in verdict) throw verdict.refused;
      if (verdict.node === node) return;
      throw new RefusedPeer('forbidden', `the token is of node ${verdict.node}: it does not speak for ${node}`);
    },
  };
}

/** @throws RefusedPeer `api-unavailable` */
async function judge({ client, audience, account }: AccountProofOptions, token: string): Promise<Verdict> {
  try {
    const review = await client.reviewToken(token, [audience]);
    const bad = (why: string) => ({ refused: new RefusedPeer('unauthenticated', why) });
    if (!review.authenticated) return bad(`the cluster does not accept the token: ${review.error}`);
    // an API server that knows no audiences answers for itself, whatever it is asked
    if (!review.audiences.includes(audience)) return bad(`the token is not for ${audience}`);
    const { namespace, name } = account;
    if (review.user !== `system:serviceaccount:${namespace}:${name}`)
      return bad(`the token is of ${review.user}, and agents are ServiceAccount ${namespace}/${name}`);
    const node = review.extra[NODE_NAME]?.[0] ?? (await nodeOfPod(client, namespace, review.extra));
    if (node) return { node };
    return bad('the token is of no pod on a node: mount it as a projected volume of the agent’s own pod');
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    throw new RefusedPeer('api-unavailable', `the token cannot be checked now: ${error.message}`);
  }
}

/** Asked as a list, which the dashboard may anyway. */
async function nodeOfPod(
  client: AccountProofOptions['client'],
  namespace: string,
  extra: Readonly<Record<string, readonly string[]>>,
): Promise<string | undefined> {
  const [name, uid] = [extra[POD_NAME]?.[0], extra[POD_UID]?.[0]];
  if (!name || !uid) return undefined;
  const { items } = await client.list<KubePod>(resources.pods, { namespace, fieldSelector: `metadata.name=${name}` });
  return items.find(({ metadata }) => metadata.uid === uid)?.spec?.nodeName;
}

const claims = z.object({ exp: z.number() });

/** Unix ms; of a token that the API server has just accepted, so that what it says of itself is true. */
function endOf(token: string): number {
  try {
    const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return claims.parse(payload).exp * 1000;
  } catch {
    // a token of another shape, of a webhook for instance, does not tell its end
    return Number.POSITIVE_INFINITY;
  }
}
