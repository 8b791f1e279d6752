import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type KubeClient, resources } from '../src/index.ts';
import { FlakyServer, json, list, refusal } from './flaky-server.ts';

let server: FlakyServer;
let client: KubeClient;

beforeEach(async () => {
  server = new FlakyServer();
  await server.start();
  client = connect({ socketPath: server.socketPath });
});

afterEach(async () => {
  await client.close();
  await server.remove();
});

const cart = { namespace: 'shop', name: 'cart' };

test('a list follows the pages', async () => {
  server.answer(
    json({ metadata: { resourceVersion: '7', continue: 'page 2' }, items: [{ n: 1 }] }),
    json({ metadata: { resourceVersion: '7' }, items: [{ n: 2 }] }),
  );
  const options = { namespace: 'shop', labelSelector: '!a', limit: 1 };
  expect(await client.list(resources.services, options)).toEqual({ items: [{ n: 1 }, { n: 2 }], resourceVersion: '7' });
  expect(server.requests).toEqual([
    'GET /api/v1/namespaces/shop/services?labelSelector=!a&limit=1',
    'GET /api/v1/namespaces/shop/services?labelSelector=!a&limit=1&continue=page+2',
  ]);
});

test('a list whose pages expire is read again in one piece', async () => {
  server.answer(
    json({ metadata: { resourceVersion: '7', continue: 'x' }, items: [{ n: 1 }] }),
    refusal(410, 'Expired'),
    list('9', { n: 1 }, { n: 2 }),
  );
  expect(await client.list(resources.pods)).toEqual({ items: [{ n: 1 }, { n: 2 }], resourceVersion: '9' });
  expect(server.requests.at(-1)).toBe('GET /api/v1/pods');
});

test('pages say where the list begins, also when it begins anew', async () => {
  server.answer(
    json({ metadata: { resourceVersion: '7', continue: 'x' }, items: [{ n: 1 }] }),
    json({ metadata: { resourceVersion: '7', continue: 'y' }, items: [{ n: 2 }] }),
    refusal(410, 'Expired'),
    list('9', { n: 2 }),
  );
  const pages = [];
  for await (const page of client.pages(resources.pods)) pages.push(page);
  expect(pages).toEqual([
    { items: [{ n: 1 }], resourceVersion: '7', first: true },
    { items: [{ n: 2 }], resourceVersion: '7', first: false },
    { items: [{ n: 2 }], resourceVersion: '9', first: true },
  ]);
});

test.each([
  [404, 'NotFound', 'not-found'],
  [409, 'Conflict', 'conflict'],
  [409, 'AlreadyExists', 'already-exists'],
  [410, 'Expired', 'gone'],
  [403, 'Forbidden', 'forbidden'],
  [401, 'Unauthorized', 'unauthorized'],
  [422, 'Invalid', 'invalid'],
  [400, 'BadRequest', 'invalid'],
  [503, 'ServiceUnavailable', 'unreachable'],
  [500, 'InternalError', 'unknown'],
])('%i %s becomes %s and says what was tried', async (status, reason, code) => {
  server.answer(refusal(status, reason, 'because'));
  await expect(client.get(resources.services, cart)).rejects.toMatchObject({
    code,
    status,
    operation: 'get services shop/cart',
    message: 'get services shop/cart: because',
  });
});

test('a page of a proxy and an answer of another shape are errors with words', async () => {
  server.answer((response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'));
  await expect(client.list(resources.nodes)).rejects.toMatchObject({
    code: 'unreachable',
    message: expect.stringMatching(/Bad gateway/),
  });
  server.answer(json({ items: 3 }));
  await expect(client.list(resources.nodes)).rejects.toMatchObject({
    code: 'unknown',
    message: expect.stringMatching(/metadata/),
  });
});

test('no server: unreachable, with the cause', async () => {
  await server.stop();
  const error = await client.get(resources.services, cart).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'unreachable', cause: { code: 'ENOENT' } });
});

test('writes say what they are', async () => {
  const object = { metadata: { ...cart, resourceVersion: '4' } };
  server.answer(
    json(object, 201),
    json(object),
    json(object),
    json({ kind: 'Status' }),
    json({ status: { allowed: false, reason: 'no' } }, 201),
  );
  await client.create(resources.routingOverrides, object);
  await client.replace(resources.routingOverrides, object, 'status');
  await client.patch(resources.services, { ...cart, subresource: 'status' }, [{ op: 'add' }], 'json');
  await client.delete(resources.routingOverrides, cart, { uid: 'u1' });
  const attributes = { verb: 'create', group: 'kubecity.dev', resource: 'routingoverrides', namespace: 'shop' };
  expect(await client.selfAccess(attributes)).toEqual({ allowed: false, reason: 'no' });
  const overrides = '/apis/kubecity.dev/v1alpha1/namespaces/shop/routingoverrides';
  expect(server.requests).toEqual([
    `POST ${overrides}`,
    `PUT ${overrides}/cart/status`,
    'PATCH /api/v1/namespaces/shop/services/cart/status',
    `DELETE ${overrides}/cart`,
    'POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  ]);
  expect(JSON.parse(server.bodies[3] ?? '')).toMatchObject({ preconditions: { uid: 'u1' } });
  expect(JSON.parse(server.bodies[4] ?? '')).toMatchObject({ spec: { resourceAttributes: attributes } });
});

test('an aborted list ends with the reason of the abort', async () => {
  const stop = new AbortController();
  const listing = client.list(resources.pods, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await expect(listing).rejects.toThrow('enough');
});

const kubeconfig = (serverUrl: string) => `
apiVersion: v1
kind: Config
current-context: here
contexts: [{ name: here, context: { cluster: here, user: me } }]
clusters: [{ name: here, cluster: { server: "${serverUrl}" } }]
users: [{ name: me, user: { token: secret } }]
`;

test('a kubeconfig gives address and token; plain HTTP is for loopback only', async () => {
  const seen: (string | undefined)[] = [];
  const http = createServer((request, response) => {
    seen.push(request.headers.authorization);
    json({ ok: true })(response, request);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const file = join(server.directory, 'kubeconfig');
  writeFileSync(file, kubeconfig(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
  const local = connect({ kubeconfig: file });
  expect(await local.get(resources.services, cart)).toEqual({ ok: true });
  expect(seen).toEqual(['Bearer secret']);
  await local.close();
  http.close();

  writeFileSync(file, kubeconfig('http://192.0.2.1'));
  const far = connect({ kubeconfig: file });
  await expect(far.get(resources.services, cart)).rejects.toThrow(/HTTP protocol is not allowed/);
  await far.close();
});

test('a bad way to connect is refused with words', async () => {
  expect(() => connect({})).toThrow(/exactly one of kubeconfig, socketPath and inCluster/);
  expect(() => connect({ socketPath: '/a', inCluster: true })).toThrow(/exactly one/);
  const missing = connect({ kubeconfig: join(server.directory, 'none') });
  await expect(missing.list(resources.pods)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(/ENOENT/),
  });
  const outside = connect({ inCluster: true });
  await expect(outside.list(resources.pods)).rejects.toMatchObject({
    message: expect.stringMatching(/KUBERNETES_SERVICE_HOST/),
  });
});

test('the server says its version and what time it has', async () => {
  server.answer(json({ major: '1', minor: '31', gitVersion: 'v1.31.2' }), json({ gitVersion: 7 }));
  const before = Math.floor(Date.now() / 1000) * 1000;
  const { version, at } = await client.server();
  expect([version, (at ?? 0) >= before, server.requests]).toEqual(['v1.31.2', true, ['GET /version']]);
  await expect(client.server()).rejects.toMatchObject({ code: 'unknown' });
});
