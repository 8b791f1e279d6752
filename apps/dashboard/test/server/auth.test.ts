import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type KubeClient } from '@kubecity/kube';
import type { SessionChange } from '@kubecity/protocol';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { AuthSettings } from '../../server/auth/auth-settings.ts';
import { type GatedSite, openGatedSite, type Reply, STEER } from './gated-site.ts';
import { Browser, outcomeOf } from './peers.ts';
import { TestCluster } from './test-cluster.ts';

const tokens = {
  admin: 'token-of-admin',
  viewer: 'token-of-viewer',
  shopkeeper: 'token-of-shopkeeper',
  nobody: 'token-of-nobody',
};
const PROXY_SECRET = 'proxy-secret-of-at-least-32-characters';
const steering = { apiGroups: ['kubecity.dev'], resources: ['routingoverrides'], verbs: ['*'] };
const HOUR = 3_600_000;
const limits = { idle: 8 * HOUR, longest: 24 * HOUR };

let directory: string;
let cluster: TestCluster;
let client: KubeClient;
let site: GatedSite;
let browsers: Browser[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-auth-'));
  const user = (name: keyof typeof tokens, access: 'admin' | 'view' | 'none', steers: string[] = []) => ({
    name,
    groups: [`${name}s`],
    token: tokens[name],
    access,
    grants: steers.map((namespace) => ({ namespace, rules: [steering] })),
  });
  cluster = new TestCluster(directory, [
    user('admin', 'admin'),
    user('viewer', 'view'),
    user('shopkeeper', 'view', ['shop']),
    user('nobody', 'none'),
  ]);
  await cluster.start();
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, cluster.kubeconfig('admin'));
  client = connect({ kubeconfig });
  await client.whoAmI();
});

afterEach(async () => {
  for (const { socket } of browsers) socket.close();
  browsers = [];
  const log = site.log();
  await site.close();
  // whatever a test did: neither token nor secret nor cookie is ever written anywhere
  for (const secret of [...Object.values(tokens), PROXY_SECRET, 'wrong-token', ...cookiesSet]) {
    expect(log).not.toContain(secret);
  }
});

afterAll(async () => {
  await client.close();
  await cluster.remove();
  rmSync(directory, { recursive: true });
});

const open = async (settings: Partial<AuthSettings>) => {
  site = await openGatedSite(client, { ways: ['token'], limits, ...settings });
};
const cookiesSet: string[] = [];

interface Signed {
  readonly reply: Reply;
  readonly cookie: string;
  readonly csrf: string;
  /** What a page of ours sends with a request that changes something. */
  readonly headers: Record<string, string>;
}

async function signIn(who: keyof typeof tokens): Promise<Signed> {
  const reply = await site.send('POST', '/api/v1/login', { origin: site.url }, { token: tokens[who] });
  const cookie = reply.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  if (cookie) cookiesSet.push(cookie.split('=')[1] ?? '');
  const csrf = reply.json.csrf as string;
  return { reply, cookie, csrf, headers: { cookie, origin: site.url, 'x-kubecity-csrf': csrf } };
}

const refusedAs = (status: number, code: string) => ({
  status,
  json: { ok: false, code, message: expect.any(String) },
});
const steer = (headers: Record<string, string | string[]>) => site.send('POST', '/api/v1/steer', headers, STEER);

function browserOf(headers: Record<string, string>) {
  const browser = new Browser(site.url, headers);
  const told: SessionChange[] = [];
  browser.socket.on('session', (change) => told.push(change));
  browsers.push(browser);
  return { browser, told };
}

test('a token is asked about in the cluster, and nothing of it comes back', async () => {
  await open({});
  const { reply, cookie, csrf } = await signIn('admin');
  expect(reply.status).toBe(200);
  expect(reply.headers['set-cookie']?.[0]).toMatch(/^kubecity=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  const session = {
    user: 'admin',
    groups: ['admins', 'system:authenticated'],
    how: 'token',
    until: site.clock.now + 24 * HOUR,
    maySteer: 'all',
  };
  expect(reply.json).toEqual({ session, csrf });
  const asked = await site.send('GET', '/api/v1/session', { cookie });
  expect(asked.json).toEqual({ session, csrf });
  expect(asked.body + reply.body).not.toContain(tokens.admin);
  expect(asked.headers['cache-control']).toBe('no-store');
});

test('behind TLS the cookie is ours alone', async () => {
  await open({ publicUrl: new URL('https://kubecity.example') });
  const reply = await site.send(
    'POST',
    '/api/v1/login',
    { origin: 'https://kubecity.example' },
    { token: tokens.viewer },
  );
  expect(reply.headers['set-cookie']?.[0]).toMatch(
    /^__Host-kubecity=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
  );
  const plain = reply.headers['set-cookie']?.[0]?.split(';')[0]?.replace('__Host-', '') ?? '';
  expect(await site.send('GET', '/api/v1/session', { cookie: plain })).toMatchObject(refusedAs(401, 'unauthenticated'));
});

test.each([
  ['a token that the cluster does not know', { token: 'wrong-token' }, 401, 'unauthenticated'],
  ['somebody who may not look', { token: tokens.nobody }, 403, 'forbidden'],
  ['no token', {}, 422, 'invalid-message'],
  ['an empty token', { token: ' ' }, 422, 'invalid-message'],
  ['more than a token', { token: tokens.admin, user: 'root' }, 422, 'invalid-message'],
  ['no JSON', `token=${tokens.admin}`, 422, 'invalid-message'],
  ['a body without end', { token: 'x'.repeat(70_000) }, 422, 'invalid-message'],
])('sign-in with %s is refused, in words without the token', async (_what, body, status, code) => {
  await open({});
  const reply = await site.send('POST', '/api/v1/login', { origin: site.url }, body);
  expect(reply).toMatchObject(refusedAs(status, code));
  expect(reply.headers['set-cookie']).toBeUndefined();
  for (const token of [...Object.values(tokens), 'wrong-token']) expect(reply.body).not.toContain(token);
});

test('another site cannot sign somebody in, nor a form', async () => {
  await open({});
  const login = (headers: Record<string, string>) =>
    site.send('POST', '/api/v1/login', headers, { token: tokens.admin });
  expect(await login({ origin: 'https://evil.example' })).toMatchObject(refusedAs(403, 'origin'));
  expect(await login({ origin: site.url, 'content-type': 'text/plain' })).toMatchObject(
    refusedAs(422, 'invalid-message'),
  );
});

test('after ten attempts an address has to wait', async () => {
  await open({});
  const attempt = () => site.send('POST', '/api/v1/login', { origin: site.url }, { token: 'wrong-token' });
  const codes: string[] = [];
  for (let i = 0; i < 12; i++) codes.push((await attempt()).json.code);
  expect(codes).toEqual([...Array(10).fill('unauthenticated'), 'rate-limited', 'rate-limited']);
  site.clock.now += 2000;
  expect((await signIn('viewer')).reply.status).toBe(200);
});

test('without a session there is no page, no API and no socket', async () => {
  await open({});
  const page = await site.send('GET', '/nodes?x=1');
  expect([page.status, page.headers.location]).toEqual([303, '/login?to=%2Fnodes%3Fx%3D1']);
  expect((await site.send('GET', '/')).headers.location).toBe('/login');
  expect((await site.send('GET', '/login')).body).toBe('page');
  expect((await site.send('GET', '/_next/static/x.js')).body).toBe('page');
  for (const path of ['/metrics', '/healthz', '/livez']) expect((await site.send('GET', path)).status).toBe(303);
  expect(await site.send('GET', '//evil.example/login')).toMatchObject(refusedAs(404, 'not-found'));
  expect(await steer({ origin: site.url })).toMatchObject(refusedAs(401, 'unauthenticated'));
  expect(await site.send('GET', '/api/v1/session')).toMatchObject({ status: 401, json: { ways: ['token'] } });
  expect(await site.send('GET', '/api/v1/audit')).toMatchObject(refusedAs(401, 'unauthenticated'));
  expect(await outcomeOf(browserOf({}).browser.socket)).toMatchObject({ code: 'unauthenticated' });
  expect(site.steered).toEqual([]);
});

test('a request that changes something needs the session, its secret and our origin', async () => {
  await open({});
  const { cookie, csrf, headers } = await signIn('admin');
  expect(await steer({ cookie, origin: site.url })).toMatchObject(refusedAs(403, 'origin'));
  expect(await steer({ ...headers, 'x-kubecity-csrf': 'guess' })).toMatchObject(refusedAs(403, 'origin'));
  expect(await steer({ ...headers, origin: 'https://evil.example' })).toMatchObject(refusedAs(403, 'origin'));
  expect(await steer({ cookie, 'x-kubecity-csrf': csrf, 'sec-fetch-site': 'cross-site' })).toMatchObject(
    refusedAs(403, 'origin'),
  );
  expect(site.steered).toEqual([]);
  expect(await steer(headers)).toMatchObject({ status: 200, json: { ok: true } });
  expect(site.steered).toMatchObject([{ user: 'admin', how: 'token' }]);
});

test('the cluster decides what a person may: a viewer’s request is 403', async () => {
  await open({});
  const viewer = await signIn('viewer');
  expect(viewer.reply.json.session.maySteer).toEqual([]);
  expect(await steer(viewer.headers)).toMatchObject(refusedAs(403, 'forbidden'));
  const shopkeeper = await signIn('shopkeeper');
  expect(shopkeeper.reply.json.session.maySteer).toEqual(['shop']);
  const audit = await site.send('GET', '/api/v1/audit?format=csv', { cookie: viewer.cookie });
  expect([audit.status, audit.headers['content-type'], audit.body]).toEqual([
    200,
    'text/csv; charset=utf-8',
    'at,who\r\n',
  ]);
  expect(await site.send('GET', '/api/v1/audit?since=x', { cookie: viewer.cookie })).toMatchObject(
    refusedAs(422, 'invalid-message'),
  );
});

test('headers of a client change nothing about who it is', async () => {
  await open({ ways: ['token', 'proxy'], proxySecret: PROXY_SECRET });
  const { headers } = await signIn('viewer');
  const smuggled = {
    'impersonate-user': 'admin',
    'impersonate-group': 'system:masters',
    'x-remote-user': 'admin',
    'x-remote-group': ['admins'],
  };
  expect((await site.send('GET', '/api/v1/session', { ...headers, ...smuggled })).json.session.user).toBe('viewer');
  expect(await steer({ ...headers, ...smuggled })).toMatchObject(refusedAs(403, 'forbidden'));
  expect(await site.send('GET', '/api/v1/session', smuggled)).toMatchObject(refusedAs(401, 'unauthenticated'));
});

test('a socket belongs to the session: it says whose, follows it, and ends with it', async () => {
  await open({});
  const { cookie, headers } = await signIn('shopkeeper');
  const { browser, told } = browserOf({ cookie, origin: site.url });
  await expect.poll(() => browser.frames.length).toBeGreaterThan(0);
  expect(told).toEqual([
    { state: 'session', session: expect.objectContaining({ user: 'shopkeeper', maySteer: ['shop'] }) },
  ]);
  expect(await browser.steer(STEER)).toMatchObject({ ok: false, code: 'forbidden' });
  expect(await outcomeOf(browserOf({ cookie, origin: 'https://evil.example' }).browser.socket)).toMatchObject({
    message: 'websocket error',
  });
  const out = await site.send('POST', '/api/v1/logout', headers);
  expect(out.headers['set-cookie']?.[0]).toContain('Max-Age=0');
  await expect.poll(() => browser.socket.connected).toBe(false);
  expect(told.at(-1)).toEqual({ state: 'ended', why: 'signed-out' });
  expect(await site.send('GET', '/api/v1/session', { cookie })).toMatchObject(refusedAs(401, 'unauthenticated'));
});

test.each([
  ['after eight hours without use', [7.9, 7.9, 8], [200, 200, 401]],
  ['after a day at the latest', [7, 7, 7, 3], [200, 200, 200, 401]],
])('a session ends %s', async (_when, steps, expected) => {
  await open({});
  const { cookie } = await signIn('viewer');
  const { told } = browserOf({ cookie });
  await expect.poll(() => told.length).toBe(1);
  const found: number[] = [];
  for (const hours of steps) {
    site.clock.now += hours * HOUR;
    found.push((await site.send('GET', '/api/v1/session', { cookie })).status);
  }
  expect(found).toEqual(expected);
  await expect.poll(() => told.at(-1)).toMatchObject({ state: 'ended' });
});

test('of one person twenty sessions are kept, the latest', async () => {
  await open({});
  const cookies: string[] = [];
  for (let i = 0; i < 22; i++) {
    site.clock.now += 2000;
    cookies.push((await signIn('viewer')).cookie);
  }
  const known = await Promise.all(
    cookies.map(async (cookie) => (await site.send('GET', '/api/v1/session', { cookie })).status),
  );
  expect(known).toEqual([401, 401, ...Array(20).fill(200)]);
});

test('a bearer token needs no cookie and no CSRF, and is the person', async () => {
  await open({});
  const bearer = (who: keyof typeof tokens) => ({ authorization: `Bearer ${tokens[who]}` });
  expect(await steer(bearer('viewer'))).toMatchObject(refusedAs(403, 'forbidden'));
  expect(await steer(bearer('admin'))).toMatchObject({ status: 200 });
  const foreign = { ...bearer('admin'), origin: 'https://evil.example' };
  expect(await steer(foreign)).toMatchObject(refusedAs(403, 'origin'));
  expect(await steer({ authorization: 'Bearer wrong-token' })).toMatchObject(refusedAs(401, 'unauthenticated'));
  expect(await steer(bearer('nobody'))).toMatchObject(refusedAs(403, 'forbidden'));
});

test('a proxy that proves itself says who it is; nobody else does', async () => {
  await open({ ways: ['proxy'], proxySecret: PROXY_SECRET });
  const proxied = (user: string, groups: string[] = [], more: Record<string, string> = {}) => ({
    'x-kubecity-proxy-secret': PROXY_SECRET,
    'x-remote-user': user,
    'x-remote-group': groups,
    ...more,
  });
  const session = await site.send('GET', '/api/v1/session', proxied('viewer', ['a', 'b']));
  expect(session.json.session).toMatchObject({ user: 'viewer', groups: ['a', 'b'], how: 'proxy', maySteer: [] });
  const csrf = { 'x-kubecity-csrf': session.json.csrf, origin: site.url };
  expect(await steer(proxied('viewer', ['a', 'b']))).toMatchObject(refusedAs(403, 'origin'));
  expect(await steer(proxied('viewer', ['a', 'b'], csrf))).toMatchObject(refusedAs(403, 'forbidden'));
  // another person, another session, another secret
  expect(await steer(proxied('admin', [], csrf))).toMatchObject(refusedAs(403, 'origin'));
  expect((await site.send('GET', '/', proxied('viewer'))).body).toBe('page');

  for (const secret of ['', 'wrong', PROXY_SECRET.slice(1)]) {
    const headers = { ...proxied('admin'), 'x-kubecity-proxy-secret': secret };
    expect(await site.send('GET', '/api/v1/session', headers)).toMatchObject(refusedAs(401, 'unauthenticated'));
  }
  const noBearer = { authorization: `Bearer ${tokens.admin}` };
  expect(await site.send('GET', '/api/v1/session', noBearer)).toMatchObject(refusedAs(401, 'unauthenticated'));
  for (const [user, groups] of [
    ['system:admin', []],
    ['admin', ['system:masters']],
  ] as const) {
    expect(await site.send('GET', '/api/v1/session', proxied(user, [...groups]))).toMatchObject(
      refusedAs(403, 'forbidden'),
    );
  }
});

test('local: whoever is at this machine, from a page of ours, under a loopback name', async () => {
  await open({ ways: ['local'] });
  expect((await site.send('GET', '/')).body).toBe('page');
  expect((await site.send('GET', '/login')).headers.location).toBe('/');
  const { json } = await site.send('GET', '/api/v1/session');
  expect(json.session).toEqual({ user: 'local admin', groups: [], how: 'local', maySteer: 'all' });
  const rebound = { host: 'evil.example', origin: 'http://evil.example' };
  expect(await site.send('GET', '/api/v1/session', rebound)).toMatchObject(refusedAs(403, 'origin'));
  expect(await steer({ origin: site.url })).toMatchObject(refusedAs(403, 'origin'));
  expect(await steer({ origin: site.url, 'x-kubecity-csrf': json.csrf })).toMatchObject({ status: 200 });
});
