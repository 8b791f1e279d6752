import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type KubeClient, resources } from '@kubecity/kube';
import type { SteerRequest } from '@kubecity/protocol';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { secretProof } from '../../server/agent-link/agent-proof.ts';
import { LOCAL } from '../../server/auth/auth-settings.ts';
import { type Hub, startHub } from '../../server/hub.ts';
import { pages } from '../../server/pages.ts';
import { cart1 } from './objects.ts';
import { Browser, outcomeOf } from './peers.ts';
import { TestCluster } from './test-cluster.ts';

/** The whole hub before a cluster with people: what a person may do is what the cluster lets them do. */
const tokens = { viewer: 'token-of-the-viewer', shopkeeper: 'token-of-the-shopkeeper' };
const PROXY_SECRET = 'secret-of-the-proxy-in-front-of-the-dashboard';
const STEERING = {
  apiGroups: ['kubecity.dev'],
  resources: ['routingoverrides'],
  verbs: ['create', 'update', 'patch', 'delete'],
};
/** All that docs/security.md gives the dashboard beside reading: no right to write an override of its own. */
const DASHBOARD = [
  {
    apiGroups: ['kubecity.dev'],
    resources: ['routingoverrides/status', 'clusterroutingoverrides/status'],
    verbs: ['patch'],
  },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create'] },
  { apiGroups: [''], resources: ['users', 'groups'], verbs: ['impersonate'] },
];

let directory: string;
let cluster: TestCluster;
let client: KubeClient;
let hub: Hub;
let server: Server;
let url: string;
const log: string[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-hub-auth-'));
  cluster = new TestCluster(directory, [
    { name: 'dashboard', groups: [], token: 'token-of-the-dashboard', access: 'view', grants: [{ rules: DASHBOARD }] },
    { name: 'viewer', groups: [], token: tokens.viewer, access: 'view' },
    {
      name: 'shopkeeper',
      groups: [],
      token: tokens.shopkeeper,
      access: 'view',
      grants: [{ namespace: 'shop', rules: [STEERING] }],
    },
  ]);
  await cluster.start();
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, cluster.kubeconfig('dashboard'));
  client = connect({ kubeconfig });
  server = createServer();
  hub = startHub({
    client,
    clusterName: 'test',
    auth: { ...LOCAL, ways: ['token', 'proxy'], proxySecret: PROXY_SECRET },
    agentProof: secretProof('a secret of the agents'),
    log: pino({ level: 'trace' }, { write: (line: string) => log.push(line) }),
    server,
    frameMilliseconds: 20,
  });
  server.on(
    'request',
    pages({ hub: () => hub, dev: false, render: async (_request, response) => void response.end() }),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => expect.poll(() => hub.live(), { timeout: 10_000 }).toBe(true));

afterAll(async () => {
  await hub?.close();
  await client?.close();
  await cluster?.remove();
  rmSync(directory, { recursive: true });
  for (const secret of [...Object.values(tokens), PROXY_SECRET, 'a secret of the agents'])
    expect(log.join('')).not.toContain(secret);
});

const as = (who: keyof typeof tokens) => ({ authorization: `Bearer ${tokens[who]}` });
const overrides = async () => (await client.list<KubeRoutingOverride>(resources.routingOverrides)).items;
const DRAIN: SteerRequest = {
  action: 'steer',
  target: { kind: 'backend', id: cart1 },
  effect: { kind: 'drain' },
  reason: 'hot disk',
};

async function post(who: keyof typeof tokens, body: SteerRequest) {
  const headers = { ...as(who), 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/v1/steer`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

async function cookieOf(who: keyof typeof tokens): Promise<string> {
  const headers = { origin: url, 'content-type': 'application/json' };
  const body = JSON.stringify({ token: tokens[who] });
  const answer = await fetch(`${url}/api/v1/login`, { method: 'POST', headers, body });
  return answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

test('a viewer is refused with 403 over HTTP and over the socket, and nothing is written', async () => {
  expect(await post('viewer', DRAIN)).toMatchObject({ status: 403, body: { ok: false, code: 'forbidden' } });
  const browser = new Browser(url, { cookie: await cookieOf('viewer'), origin: url });
  expect(await outcomeOf(browser.socket)).toEqual({ connected: true });
  expect(await browser.steer(DRAIN)).toMatchObject({ ok: false, code: 'forbidden' });
  browser.socket.close();
  expect(await overrides()).toEqual([]);
});

test('who has the right writes as themselves, and the trail says who', async () => {
  const done = await post('shopkeeper', DRAIN);
  expect(done).toMatchObject({ status: 200, body: { ok: true } });
  const [made, ...others] = await overrides();
  expect(others).toEqual([]);
  expect(made?.metadata.annotations).toMatchObject({ 'kubecity.dev/by': 'shopkeeper' });
  const trail = async () => (await fetch(`${url}/api/v1/audit?format=json`, { headers: as('viewer') })).text();
  await expect.poll(trail, { timeout: 10_000 }).toContain('shopkeeper');
  expect(await trail()).toContain('hot disk');

  // beyond their namespace the cluster says no, for the very same person
  const node: SteerRequest = {
    action: 'steer',
    target: { kind: 'node', name: 'node-a' },
    effect: { kind: 'drain' },
    allowEmpty: true,
  };
  expect(await post('shopkeeper', node)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  expect(await post('viewer', { action: 'undo', change: done.body.change })).toMatchObject({ status: 403 });
  expect(await overrides()).toHaveLength(1);
  expect(await post('shopkeeper', { action: 'undo', change: done.body.change })).toMatchObject({ status: 200 });
  expect(await overrides()).toEqual([]);
});

test('by impersonation a person has their own rights, not those of the dashboard', async () => {
  const of = (user: string) => ({ 'x-kubecity-proxy-secret': PROXY_SECRET, 'x-remote-user': user });
  const drain = async (user: string) => {
    const { csrf } = (await (await fetch(`${url}/api/v1/session`, { headers: of(user) })).json()) as { csrf: string };
    const headers = { ...of(user), 'x-kubecity-csrf': csrf, origin: url, 'content-type': 'application/json' };
    return (await fetch(`${url}/api/v1/steer`, { method: 'POST', headers, body: JSON.stringify(DRAIN) })).status;
  };
  expect(await drain('viewer')).toBe(403);
  expect(await overrides()).toEqual([]);
  expect(await drain('shopkeeper')).toBe(200);
  expect((await overrides())[0]?.metadata.annotations).toMatchObject({ 'kubecity.dev/by': 'shopkeeper' });
});

test('without a session there is no trail, and no deed', async () => {
  expect((await fetch(`${url}/api/v1/audit`)).status).toBe(401);
  const body = JSON.stringify(DRAIN);
  const headers = { 'content-type': 'application/json', origin: url };
  expect((await fetch(`${url}/api/v1/steer`, { method: 'POST', headers, body })).status).toBe(401);
  expect(await outcomeOf(new Browser(url).socket)).toMatchObject({ code: 'unauthenticated' });
});
