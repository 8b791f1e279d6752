import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ActAs, type KubeClient, KubeError } from '@kubecity/kube';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OidcSettings } from '../../server/auth/oidc.ts';
import { type GatedSite, openGatedSite, type Reply } from './gated-site.ts';
import { TestCluster } from './test-cluster.ts';
import { CLIENT, TestIssuer } from './test-issuer.ts';

const HOUR = 3_600_000;
const SITE = 'https://kubecity.example';

let directory: string;
let cluster: TestCluster;
let issuer: TestIssuer;
let site: GatedSite;
/** ID tokens that were shown to the cluster. */
let shown: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-oidc-'));
  cluster = new TestCluster(directory, [
    { name: 'oidc:vera@shop.example', groups: [], token: 'unused', access: 'view' },
  ]);
  issuer = new TestIssuer();
  shown = [];
  await Promise.all([cluster.start(), issuer.start()]);
});

afterEach(async () => {
  const log = site.log();
  await Promise.all([site.close(), issuer.stop()]);
  await cluster.remove();
  rmSync(directory, { recursive: true });
  for (const secret of [...issuer.given, CLIENT.secret]) expect(log).not.toContain(secret);
});

async function open(settings: Partial<OidcSettings> = {}): Promise<void> {
  const oidc: OidcSettings = {
    issuer: new URL(issuer.url),
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    scopes: 'openid email',
    actsAs: 'impersonate',
    usernameClaim: 'email',
    usernamePrefix: 'oidc:',
    groupsClaim: 'groups',
    groupsPrefix: 'oidc:',
    ...settings,
  };
  const limits = { idle: 8 * HOUR, longest: 24 * HOUR };
  site = await openGatedSite(knowingIssuer(cluster.client), { ways: ['oidc'], limits, publicUrl: new URL(SITE), oidc });
  site.clock.now = Date.now();
}

/** A cluster that takes the issuer's ID tokens, as kube-apiserver does with `--oidc-issuer-url`. */
function knowingIssuer(client: KubeClient): KubeClient {
  const authenticated = ({ token }: { token: string }): ActAs => {
    shown.push(token);
    const { email, exp = 0 } = decodeJwt<{ email: string }>(token);
    if (exp * 1000 < site.clock.now) throw new KubeError('unauthorized', 'authenticate', 'the token is over');
    return { user: `oidc:${email}`, groups: [] };
  };
  return {
    ...client,
    as: (who) =>
      client.as(async () => {
        const identity = typeof who === 'function' ? await who() : who;
        return 'token' in identity ? authenticated(identity) : identity;
      }),
  };
}

const cookieOf = (reply: Reply, name: string) =>
  reply.headers['set-cookie']?.find((text) => text.startsWith(name))?.split(';')[0] ?? '';

async function begin(to = '/') {
  const start = await site.send('GET', `/api/v1/oidc/start?to=${encodeURIComponent(to)}`);
  return { start, location: start.headers.location ?? '', trip: cookieOf(start, '__Host-kubecity-sign-in=') };
}

async function signIn(to?: string): Promise<Reply> {
  const { location, trip } = await begin(to);
  const { pathname, search } = issuer.approve(location);
  return site.send('GET', pathname + search, { cookie: trip, 'sec-fetch-site': 'cross-site' });
}

const session = (cookie: string) => site.send('GET', '/api/v1/session', { cookie });

test('a round trip with PKCE, state and nonce ends with a session of the person that the claims name', async () => {
  await open();
  const { start, location } = await begin();
  expect(start.status).toBe(303);
  const asked = Object.fromEntries(new URL(location).searchParams);
  expect(asked).toMatchObject({ response_type: 'code', code_challenge_method: 'S256', scope: 'openid email' });
  expect(asked.redirect_uri).toBe(`${SITE}/api/v1/oidc/callback`);
  for (const name of ['state', 'nonce', 'code_challenge']) expect(asked[name]?.length).toBeGreaterThan(40);
  expect(start.headers['set-cookie']?.[0]).toMatch(/^__Host-.*; HttpOnly; SameSite=Lax; Max-Age=600; Secure$/);

  const back = await signIn('/?lens=nodes&x="><script>');
  expect(back.status).toBe(200);
  // our own page leads on: with a redirect of the issuer's the strict cookie would not go
  expect(back.body).toContain('content="0;url=/?lens=nodes&#38;x=%22%3E%3Cscript%3E"');
  expect(back.headers['set-cookie']?.[0]).toMatch(
    /^__Host-kubecity=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
  );
  const { json } = await session(cookieOf(back, '__Host-kubecity='));
  expect(json.session).toMatchObject({
    user: 'oidc:vera@shop.example',
    groups: ['oidc:readers', 'system:authenticated'],
    how: 'oidc',
    maySteer: [],
  });
  expect(shown).toEqual([]);
});

test.each<[string, (address: URL, trip: string) => [string, string] | Promise<[string, string]>]>([
  ['without the cookie of the one who began', ({ pathname, search }) => [pathname + search, '']],
  ['with another state', ({ pathname, search }, trip) => [pathname + search.replace(/state=[^&]+/, 'state=x'), trip]],
  ['with another code', ({ pathname, search }, trip) => [pathname + search.replace(/code=[^&]+/, 'code=x'), trip]],
  [
    'with an error of the issuer',
    ({ pathname, searchParams }, trip) => [`${pathname}?error=access_denied&state=${searchParams.get('state')}`, trip],
  ],
])('a way back %s is no sign-in', async (_what, bend) => {
  await open();
  const { location, trip } = await begin();
  const [path, cookie] = await bend(issuer.approve(location), trip);
  const back = await site.send('GET', path, { cookie });
  expect([back.status, back.headers.location]).toEqual([303, '/login?why=unauthenticated']);
  expect(back.headers['set-cookie']).toBeUndefined();
});

test('a way back counts once, within ten minutes, with the nonce that was sent', async () => {
  await open();
  const { location, trip } = await begin();
  const { pathname, search } = issuer.approve(location);
  const back = () => site.send('GET', pathname + search, { cookie: trip });
  expect((await back()).status).toBe(200);
  expect((await back()).headers.location).toBe('/login?why=unauthenticated');

  const late = await begin();
  const way = issuer.approve(late.location);
  site.clock.now += 11 * 60_000;
  expect((await site.send('GET', way.pathname + way.search, { cookie: late.trip })).status).toBe(303);

  issuer.nonce = 'of another sign-in';
  expect((await signIn()).headers.location).toBe('/login?why=unauthenticated');
});

test.each([
  ['is a part of the cluster', { email: 'vera@shop.example', groups: ['system:masters'] }, { groupsPrefix: '' }],
  ['has no name', { groups: [] }, {}],
  ['has an address that nobody verified', { email: 'vera@shop.example', email_verified: false }, {}],
  ['has groups that are none', { email: 'vera@shop.example', groups: [1] }, {}],
  ['may not look', { email: 'stranger@shop.example' }, {}],
])('nobody is impersonated who %s', async (_what, person, settings) => {
  await open(settings);
  issuer.person = { sub: 'u-2', ...person };
  expect((await signIn()).headers.location).toBe('/login?why=forbidden');
});

test('the ID token is shown to the cluster, and renewed before it ends', async () => {
  await open({ actsAs: 'token' });
  const cookie = cookieOf(await signIn(), '__Host-kubecity=');
  expect((await session(cookie)).json.session.user).toBe('oidc:vera@shop.example');
  expect(new Set(shown).size).toBe(1);
  issuer.lifetime = 3600;
  site.clock.now += 290_000;
  expect((await session(cookie)).status).toBe(200);
  expect([issuer.refreshes, new Set(shown).size]).toEqual([1, 2]);
  site.clock.now += 120_000;
  expect((await session(cookie)).status).toBe(200);
  expect(issuer.refreshes).toBe(1);
});

test.each([
  ['token', 'closes the account', { closed: true }],
  ['impersonate', 'closes the account', { closed: true }],
  ['impersonate', 'says other groups', { person: { sub: 'u-1', email: 'vera@shop.example', groups: ['cooks'] } }],
] as const)('acting by %s, a session ends when the issuer %s', async (actsAs, _what, change) => {
  await open({ actsAs });
  const cookie = cookieOf(await signIn(), '__Host-kubecity=');
  expect((await session(cookie)).status).toBe(200);
  Object.assign(issuer, change);
  site.clock.now += 290_000;
  expect(await session(cookie)).toMatchObject({ status: 401, json: { code: 'unauthenticated' } });
});

test('an issuer that is away is asked again with the next person', async () => {
  await issuer.stop();
  await open();
  expect((await begin()).location).toBe('/login?why=api-unavailable');
  await issuer.start();
  expect((await signIn()).status).toBe(200);
  const { csrf } = (await session(cookieOf(await signIn(), '__Host-kubecity='))).json;
  expect(csrf).toEqual(expect.any(String));
});
