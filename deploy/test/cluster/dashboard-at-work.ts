import { createServer } from 'node:http';
import { ensureCrd, type KubeClient, recordChange, resources } from '@kubecity/kube';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { pino } from 'pino';
import { expect } from 'vitest';
import { accountProof } from '../../../apps/dashboard/server/agent-link/account-proof.ts';
import { secretProof } from '../../../apps/dashboard/server/agent-link/agent-proof.ts';
import { publishCertificate } from '../../../apps/dashboard/server/agent-link/ca-publisher.ts';
import { makeCertificate } from '../../../apps/dashboard/server/agent-link/own-certificate.ts';
import { watchEvents } from '../../../apps/dashboard/server/event-watch.ts';
import { startHub } from '../../../apps/dashboard/server/hub.ts';
import { RefusedPeer } from '../../../apps/dashboard/server/refusal.ts';
import { outcome, type Work } from './agent-at-work.ts';
import type { Grounds } from './grounds.ts';

/** Past the time in which silent agents are waited for. */
const LATER = 600_000;
const WATCHED = 7;
const AUDIENCE = 'kubecity-dashboard';
const silent = pino({ level: 'silent' });

/**
 * All that the dashboard asks of the API by itself, by the dashboard's own modules: a whole hub, with an override of each kind whose
 * status it is to write. Resolves when each part has come to an end, good or bad.
 */
export async function dashboardAtWork(
  client: KubeClient,
  grounds: Pick<Grounds, 'admin' | 'namespace' | 'token'>,
): Promise<Work> {
  const { admin, namespace } = grounds;
  const token = await grounds.token('default', [AUDIENCE]);
  const work: Work = {};
  work['look at the definitions'] = await outcome(() => ensureCrd(client));
  const name = `at-work-${Math.random().toString(36).slice(2, 8)}`;
  const change = { id: `${name}-dashboard`, at: Date.now(), who: 'ann', how: 'dashboard', what: 'create' } as const;
  work['event about a change'] = await outcome(() =>
    recordChange(client, { ...change, kind: 'RoutingOverride', namespace, name }),
  );

  const spec = { service: 'nobody', weight: 50 };
  const everywhere = { backends: { zones: ['nowhere'] }, weight: 50 };
  await admin.create(resources.routingOverrides, { metadata: { namespace, name }, spec });
  await admin.create(resources.clusterRoutingOverrides, { metadata: { name }, spec: everywhere });
  work['watch of events'] = await readEvents(client, admin, namespace);
  work['proof of an agent'] = await proof(client, token);
  work['certificate for agents'] = await publish(client, namespace);
  let late = 0;
  const lines: { msg: string; err?: { message: string } }[] = [];
  const server = createServer();
  const hub = startHub({
    client,
    clusterName: 'test',
    agentProof: secretProof('a secret of these cases'),
    log: pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    server,
    now: () => Date.now() + late,
    frameMilliseconds: 20,
  });
  try {
    const watches = async () => (await hub.metrics.apiLive.get()).values;
    await expect.poll(async () => (await watches()).length, { timeout: 30_000, interval: 10 }).toBe(WATCHED);
    for (const { labels, value } of await watches())
      work[`watch of ${labels.kind}`] = value === 1 ? 'fine' : 'interrupted';
    late = LATER;
    if (hub.live()) Object.assign(work, await statuses(admin, { namespace, name }, lines));
  } finally {
    await hub.close();
    await admin.delete(resources.routingOverrides, { namespace, name });
    await admin.delete(resources.clusterRoutingOverrides, { name });
  }
  return work;
}

/** Both statuses are written, or the hub says which one it may not write; it goes on with the other one after a pause. */
async function statuses(
  admin: KubeClient,
  at: { readonly namespace: string; readonly name: string },
  lines: readonly { msg: string; err?: { message: string } }[],
): Promise<Work> {
  const has = async (kind: 'routingOverrides' | 'clusterRoutingOverrides') => {
    const place = kind === 'routingOverrides' ? at : { name: at.name };
    return (await admin.get<KubeRoutingOverride>(resources[kind], place)).status !== undefined;
  };
  const refused = (kind: string) =>
    lines.some(({ msg, err }) => /status of overrides/.test(msg) && err?.message.includes(`${kind}/status`));
  const settled = async () => {
    const written = [await has('routingOverrides'), await has('clusterRoutingOverrides')];
    return refused(' routingoverrides') || refused(' clusterroutingoverrides') || written.every(Boolean);
  };
  await expect.poll(settled, { timeout: 30_000, interval: 20 }).toBe(true);
  const state = (kind: string) => (refused(kind) ? 'refused' : 'fine');
  return {
    'status of routingoverrides': state(' routingoverrides'),
    'status of clusterroutingoverrides': state(' clusterroutingoverrides'),
  };
}

/** Events that were there, and one that comes while they are watched. */
async function readEvents(client: KubeClient, admin: KubeClient, namespace: string): Promise<'fine' | 'interrupted'> {
  const stop = new AbortController();
  const names = new Set<string | undefined>();
  let state = 'reading';
  void watchEvents({
    client,
    take: ({ metadata }) => void names.add(metadata.name),
    tell: (next) => {
      state = next.state;
    },
    log: silent,
    signal: stop.signal,
  });
  await expect.poll(() => state, { timeout: 30_000, interval: 5 }).not.toBe('reading');
  const name = `seen-${Math.random().toString(36).slice(2, 8)}`;
  const note = { id: `${name}-dashboard`, at: Date.now(), who: 'ann', how: 'dashboard', what: 'create' } as const;
  await recordChange(admin, { ...note, kind: 'RoutingOverride', namespace, name });
  const ends = () => state === 'unreadable' || [...names].some((one) => one?.startsWith(`${name}.`));
  await expect.poll(ends, { timeout: 30_000, interval: 5 }).toBe(true);
  stop.abort();
  return state === 'live' ? 'fine' : 'interrupted';
}

/** The token is good, but of no pod: to know that, the API has to be asked. */
async function proof(client: KubeClient, token: string): Promise<'fine' | 'refused'> {
  const account = { namespace: 'kubecity', name: 'kubecity-agent' };
  const { check } = accountProof({ client, audience: AUDIENCE, account, now: Date.now });
  const refusal = await Promise.resolve(check({ node: 'node-a', token })).catch((error: unknown) => error);
  if (!(refusal instanceof RefusedPeer)) throw new Error('a token of no agent was taken', { cause: refusal });
  return refusal.data.code === 'api-unavailable' ? 'refused' : 'fine';
}

async function publish(client: KubeClient, namespace: string): Promise<'fine' | 'refused'> {
  const { cert } = await makeCertificate(['kubecity-dashboard.kubecity.svc'], Date.now());
  const place = { namespace, name: 'kubecity-dashboard-ca' };
  return outcome(() => publishCertificate(client, place, cert, Date.now()));
}
