import { afterEach, beforeEach, expect, test } from 'vitest';
import { accountProof } from '../../../server/agent-link/account-proof.ts';
import type { AgentProof } from '../../../server/agent-link/agent-proof.ts';
import { RefusedPeer } from '../../../server/refusal.ts';
import { ACCOUNT, AccountCluster, AUDIENCE } from './account-cluster.ts';

let cluster: AccountCluster;
let proof: AgentProof;
let now: number;

async function begin(tokensNameNodes = true): Promise<void> {
  cluster = new AccountCluster();
  await cluster.start({ now: () => now, tokensNameNodes });
  proof = accountProof({ client: cluster.client, audience: AUDIENCE, account: ACCOUNT, now: () => now });
}

beforeEach(async () => {
  now = Date.parse('2026-11-23T12:00:00Z');
  await begin();
});
afterEach(() => cluster.remove());

/** `ok`, or the code and words of the refusal. */
async function outcome(node: string, token: string): Promise<string> {
  try {
    await proof.check({ node, token });
    return 'ok';
  } catch (error) {
    if (!(error instanceof RefusedPeer)) throw error;
    return `${error.data.code}: ${error.message}`;
  }
}
const reviews = () => cluster.count('create tokenreviews');

test('a token speaks for the node of its pod alone', async () => {
  const token = await cluster.token('agent-on-node-a');
  expect(await outcome('node-a', token)).toBe('ok');
  expect(await outcome('node-b', token)).toBe('forbidden: the token is of node node-a: it does not speak for node-b');
});

test('before Kubernetes 1.30 the pod says which node it is', async () => {
  await cluster.remove();
  await begin(false);
  const token = await cluster.token('agent-on-node-b');
  expect(await outcome('node-b', token)).toBe('ok');
  expect(await outcome('node-a', token)).toContain('the token is of node node-b');
  expect(cluster.count('list pods')).toBe(1);
});

test('every other token is refused, and the words say why', async () => {
  const refused = (token: string) => outcome('node-a', token);
  expect(await refused('a.b.c')).toBe('unauthenticated: the cluster does not accept the token: invalid bearer token');
  const apiToken = await cluster.token('agent-on-node-a', { audience: 'https://kubernetes.default.svc.cluster.local' });
  expect(await refused(apiToken)).toContain('is invalid for the target audiences ["kubecity-dashboard"]');
  const other = await cluster.token(undefined, { account: 'other' });
  expect(await refused(other)).toBe(
    'unauthenticated: the token is of system:serviceaccount:kubecity:other, and agents are ServiceAccount kubecity/kubecity-agent',
  );
  expect(await refused(await cluster.token(undefined))).toContain('of no pod on a node');
  const old = await cluster.token('agent-on-node-a', { seconds: 600 });
  now += 601_000;
  expect(await refused(old)).toContain('has expired');
});

test('a server that knows no audiences convinces nobody', async () => {
  const client = {
    ...cluster.client,
    reviewToken: async () => ({ authenticated: true as const, user: '', groups: [], extra: {}, audiences: [] }),
  };
  proof = accountProof({ client, audience: AUDIENCE, account: ACCOUNT, now: () => now });
  expect(await outcome('node-a', 'any')).toBe('unauthenticated: the token is not for kubecity-dashboard');
});

test('a review is believed for a minute, but never past the end of the token; a refusal for ten seconds', async () => {
  const token = await cluster.token('agent-on-node-a', { seconds: 630 });
  await Promise.all([outcome('node-a', token), outcome('node-a', token)]);
  expect(reviews()).toBe(1);
  now += 59_000;
  expect([await outcome('node-a', token), reviews()]).toEqual(['ok', 1]);
  now += 1000;
  expect([await outcome('node-a', token), reviews()]).toEqual(['ok', 2]);
  now += 540_000;
  expect([await outcome('node-a', token), reviews()]).toEqual(['ok', 3]);
  now += 30_000;
  expect(await outcome('node-a', token)).toContain('has expired');
  expect(reviews()).toBe(4);
  now += 9000;
  expect(await outcome('node-a', token)).toContain('has expired');
  expect(reviews()).toBe(4);
  now += 1000;
  await outcome('node-a', token);
  expect(reviews()).toBe(5);
});

test('a token ends with its pod, a minute later at most', async () => {
  const token = await cluster.token('agent-on-node-a');
  expect(await outcome('node-a', token)).toBe('ok');
  await cluster.removePod('agent-on-node-a');
  expect(await outcome('node-a', token)).toBe('ok');
  now += 60_000;
  expect(await outcome('node-a', token)).toContain('service account token has been invalidated');
});

test('while the API is away nobody new is let in, and it is asked again at once when it is back', async () => {
  const [known, fresh] = [await cluster.token('agent-on-node-a'), await cluster.token('agent-on-node-b')];
  expect(await outcome('node-a', known)).toBe('ok');
  await cluster.stop();
  expect(await outcome('node-a', known)).toBe('ok');
  expect(await outcome('node-b', fresh)).toContain('api-unavailable: the token cannot be checked now');
  now += 60_000;
  expect(await outcome('node-a', known)).toContain('api-unavailable');
});

test('a crowd is asked about a few at a time, and all come through', async () => {
  const token = await cluster.token('agent-on-node-a');
  let [running, most] = [0, 0];
  const reviewToken = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running -= 1;
    return cluster.client.reviewToken(token, [AUDIENCE]);
  };
  proof = accountProof({
    client: { ...cluster.client, reviewToken },
    audience: AUDIENCE,
    account: ACCOUNT,
    now: () => now,
  });
  const crowd = Array.from({ length: 200 }, (_, i) => outcome('node-a', `token ${i}`));
  expect(new Set(await Promise.all(crowd))).toEqual(new Set(['ok']));
  expect(most).toBe(16);
});
