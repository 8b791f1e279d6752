import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Api, pod, startApi } from './api-client.ts';
import { grant, rule } from './rbac.ts';

let api: Api;
let now: number;

beforeEach(async () => {
  now = Date.parse('2026-11-23T12:00:00Z');
  api = await startApi({ now: () => now, users: [{ token: 'static', name: 'ann', groups: ['ops'], access: 'none' }] });
});
afterEach(() => api.close());

const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';
const PODS = '/api/v1/namespaces/default/pods';
const AUTHENTICATION = '/apis/authentication.k8s.io/v1';
const AUDIENCE = 'https://kubernetes.default.svc.cluster.local';

const request = (spec: object = {}, account = 'default') => api.call('POST', `${ACCOUNTS}/${account}/token`, { spec });
const tokenOf = async (spec: object = {}, account = 'default'): Promise<string> =>
  (await request(spec, account)).body.status.token;
const review = async (token: string, audiences?: string[]) =>
  (await api.call('POST', `${AUTHENTICATION}/tokenreviews`, { spec: { token, audiences } })).body.status;
const payload = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

test('a token of a service account: its claims, its end, and who comes with it', async () => {
  const { code, body } = await request();
  expect(code).toBe(201);
  expect(body).toMatchObject({
    kind: 'TokenRequest',
    spec: { audiences: [AUDIENCE], expirationSeconds: 3600 },
    status: { expirationTimestamp: '2026-11-23T13:00:00Z' },
  });
  const { uid } = (await api.call('GET', `${ACCOUNTS}/default`)).body.metadata;
  const seconds = now / 1000;
  const claims = payload(body.status.token);
  expect(claims).toMatchObject({
    iss: AUDIENCE,
    sub: 'system:serviceaccount:default:default',
    aud: [AUDIENCE],
    iat: seconds,
    nbf: seconds,
    exp: seconds + 3600,
    'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'default', uid } },
  });
  const bearer = api.as(body.status.token);
  expect((await bearer('POST', `${AUTHENTICATION}/selfsubjectreviews`, {})).body.status.userInfo).toEqual({
    username: 'system:serviceaccount:default:default',
    uid,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`] },
  });
  expect((await bearer('GET', PODS)).code).toBe(403);
  await grant(api, { kind: 'ServiceAccount', name: 'default' }, 'default', rule('list', 'pods'));
  expect((await bearer('GET', PODS)).code).toBe(200);
});

test('401 without a good token: expired, foreign, forged, of an account that is gone', async () => {
  await api.call('POST', ACCOUNTS, { metadata: { name: 'robot' } });
  const token = await tokenOf({}, 'robot');
  const outcome = async (bearer: string) => {
    const { code, body } = await api.as(bearer)('GET', '/version');
    return code === 200 ? 200 : [code, body.reason, body.message];
  };
  const refused = [401, 'Unauthorized', 'Unauthorized'];
  expect(await outcome(token)).toBe(200);
  const [header, claims, signature] = token.split('.');
  const masters = Buffer.from(JSON.stringify({ ...payload(token), sub: 'admin' })).toString('base64url');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  for (const forged of [
    `${header}.${masters}.${signature}`,
    `${none}.${claims}.`,
    `${header}.${claims}.`,
    `${token}x.y`,
    'a.b.c',
  ]) {
    expect(await outcome(forged)).toEqual(refused);
  }
  expect(await outcome(await tokenOf({ audiences: ['other'] }, 'robot'))).toEqual(refused);
  await api.call('DELETE', `${ACCOUNTS}/robot`);
  expect(await outcome(token)).toEqual(refused);
  await api.call('POST', ACCOUNTS, { metadata: { name: 'robot' } });
  expect(await outcome(token)).toEqual(refused);
  const again = await tokenOf({}, 'robot');
  now += 3_600_000;
  expect(await outcome(again)).toEqual(refused);
});

test('a token of another server is a stranger here', async () => {
  const other = await startApi();
  const { body } = await other.call('POST', `${ACCOUNTS}/default/token`, { spec: {} });
  await other.close();
  expect((await api.as(body.status.token)('GET', '/version')).code).toBe(401);
  expect(await review(body.status.token)).toEqual({ authenticated: false, error: 'invalid bearer token' });
});

test('a token may be bound to a pod, and ends with it', async () => {
  await api.call('POST', PODS, pod('p'));
  const { uid } = (await api.call('GET', `${PODS}/p`)).body.metadata;
  const token = await tokenOf({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid } });
  expect((await review(token)).user.extra).toMatchObject({
    'authentication.kubernetes.io/pod-name': ['p'],
    'authentication.kubernetes.io/pod-uid': [uid],
  });
  await api.call('DELETE', `${PODS}/p?gracePeriodSeconds=0`);
  expect(await review(token)).toEqual({ authenticated: false, error: 'service account token has been invalidated' });
});

test('a token bound to a pod names its node; one of a server before Kubernetes 1.30 does not', async () => {
  await api.call('POST', '/api/v1/nodes', { metadata: { name: 'n1' } });
  const { uid } = (await api.call('GET', '/api/v1/nodes/n1')).body.metadata;
  await api.call('POST', PODS, pod('p'));
  const bound = { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' }, audiences: ['kubecity-dashboard'] };
  expect((await review(await tokenOf(bound), ['kubecity-dashboard'])).user.extra).toMatchObject({
    'authentication.kubernetes.io/node-name': ['n1'],
    'authentication.kubernetes.io/node-uid': [uid],
  });
  const old = await startApi({ tokensNameNodes: false });
  await old.call('POST', PODS, pod('p'));
  const { body } = await old.call('POST', `${ACCOUNTS}/default/token`, { spec: bound });
  const told = await old.call('POST', `${AUTHENTICATION}/tokenreviews`, {
    spec: { token: body.status.token, audiences: ['kubecity-dashboard'] },
  });
  await old.close();
  expect(Object.keys(told.body.status.user.extra)).toEqual([
    'authentication.kubernetes.io/credential-id',
    'authentication.kubernetes.io/pod-name',
    'authentication.kubernetes.io/pod-uid',
  ]);
});

test('reviews of tokens look at audiences and say why not', async () => {
  const token = await tokenOf({ audiences: ['kubecity', 'other'] });
  expect(await review(token, ['kubecity', 'x'])).toMatchObject({
    authenticated: true,
    user: { username: 'system:serviceaccount:default:default' },
    audiences: ['kubecity'],
  });
  expect(await review(token)).toEqual({
    authenticated: false,
    error: `token audiences ["kubecity" "other"] is invalid for the target audiences ["${AUDIENCE}"]`,
  });
  expect(await review('static')).toMatchObject({
    authenticated: true,
    user: { username: 'ann', groups: ['ops', 'system:authenticated'] },
    audiences: [AUDIENCE],
  });
  expect((await review('static', ['kubecity'])).authenticated).toBe(false);
  now += 3_600_000;
  expect(await review(token, ['kubecity'])).toEqual({
    authenticated: false,
    error: 'service account token has expired',
  });
});

test.each<[string, object, string, number, string]>([
  [
    'too short a time',
    { expirationSeconds: 599 },
    'default',
    422,
    'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
  ],
  [
    'too long a time',
    { expirationSeconds: 2 ** 33 },
    'default',
    422,
    'may not specify a duration larger than 2^32 seconds',
  ],
  ['no such account', {}, 'nobody', 404, 'serviceaccounts "nobody" not found'],
  ['no such pod', { boundObjectRef: { kind: 'Pod', name: 'q' } }, 'default', 404, 'pods "q" not found'],
  [
    'another kind of holder',
    { boundObjectRef: { kind: 'Secret', name: 'q' } },
    'default',
    400,
    'cannot bind token to object of type Secret',
  ],
  [
    'another pod of that name',
    { boundObjectRef: { kind: 'Pod', name: 'p', uid: 'x' } },
    'default',
    409,
    'does not match the UID in record',
  ],
  [
    'a pod of another account',
    { boundObjectRef: { kind: 'Pod', name: 'p' } },
    'robot',
    400,
    'cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.',
  ],
])('no token for %s', async (_, spec, account, code, words) => {
  await api.call('POST', PODS, pod('p'));
  await api.call('POST', ACCOUNTS, { metadata: { name: 'robot' } });
  const found = await request(spec, account);
  expect(found.code).toBe(code);
  expect(found.body.message).toContain(words);
});

test('tokens are made for those who may create them', async () => {
  const path = `${ACCOUNTS}/default/token`;
  expect((await api.as('static')('POST', path, {})).body.message).toContain(
    'cannot create resource "serviceaccounts/token"',
  );
  await grant(api, { kind: 'Group', name: 'ops' }, 'default', rule('create', 'serviceaccounts/token'));
  expect((await api.as('static')('POST', path, {})).code).toBe(201);
});
