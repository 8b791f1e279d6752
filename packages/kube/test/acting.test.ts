import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type ActAs, connect, type KubeClient, resources } from '../src/index.ts';

const ANN = 'token-of-ann';
const steersDefault = {
  namespace: 'default',
  rules: [{ apiGroups: ['kubecity.dev'], resources: ['routingoverrides'], verbs: ['*'] }],
};
let directory: string;
let socketPath: string;
let server: MiniApiServer;
let client: KubeClient;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-acting-'));
  socketPath = join(directory, 'api.sock');
  server = await startMiniApiServer({
    socketPath,
    listen: { host: '127.0.0.1', port: 0 },
    users: [
      { name: 'dashboard', groups: [], token: 'token-of-the-dashboard', access: 'admin' },
      { name: 'ann', groups: ['ops', 'night'], token: ANN, access: 'view', grants: [steersDefault] },
    ],
  });
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, server.kubeconfig('dashboard'));
  client = connect({ kubeconfig });
});

afterEach(async () => {
  await client.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

const ann = { user: 'ann', groups: ['ops', 'night'] };
const annIs = { user: 'ann', groups: ['ops', 'night', 'system:authenticated'] };

test.each<[string, ActAs]>([
  ['their token', { token: ANN }],
  ['impersonation', ann],
])('by %s a person is who they are, and the cluster decides', async (_how, identity) => {
  const person = client.as(identity);
  expect(await person.whoAmI()).toEqual(annIs);
  const may = async (namespace?: string) =>
    (await person.selfAccess({ verb: 'create', group: 'kubecity.dev', resource: 'routingoverrides', namespace }))
      .allowed;
  expect([await may('default'), await may('kube-system'), await may()]).toEqual([true, false, false]);
  await expect(person.create(resources.namespaces, { metadata: { name: 'x' } })).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('User "ann" cannot create'),
  });
  await person.close();
  expect((await client.whoAmI()).user).toBe('dashboard');
});

test('a token that is no good costs us nothing of our own', async () => {
  await expect(client.as({ token: 'wrong' }).whoAmI()).rejects.toMatchObject({ code: 'unauthorized' });
  expect((await client.whoAmI()).user).toBe('dashboard');
});

test('a name in any script goes over the wire as UTF-8, and none becomes a second header', async () => {
  const names = { user: 'jörg', groups: ['отдел', '運用'] };
  expect(await client.as(names).whoAmI()).toEqual({ ...names, groups: [...names.groups, 'system:authenticated'] });
  for (const user of ['ann\r\nImpersonate-Group: system:masters', '']) {
    await expect(client.as({ user, groups: [] }).whoAmI()).rejects.toMatchObject({ code: 'invalid' });
  }
});

test('a token is renewed between two requests, and its refusal is the request’s', async () => {
  const tokens = [ANN, 'token-of-the-dashboard'];
  const person = client.as(async () => {
    const token = tokens.shift();
    if (token === undefined) throw new Error('signed out');
    return { token };
  });
  expect((await person.whoAmI()).user).toBe('ann');
  expect((await person.whoAmI()).user).toBe('dashboard');
  await expect(person.whoAmI()).rejects.toThrow('signed out');
});

test('over a Unix socket a token proves nothing, so it is refused; impersonation works', async () => {
  const owner = connect({ socketPath });
  await expect(owner.as({ token: ANN }).whoAmI()).rejects.toMatchObject({ code: 'invalid' });
  expect(await owner.as(ann).whoAmI()).toEqual(annIs);
  await owner.close();
});

test('our client certificate is not shown beside somebody’s token', async () => {
  const authority = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  const { cert, private: key } = authority;
  const shown: [certificate: boolean, authorization: string | undefined][] = [];
  const https = createServer(
    { cert, key, ca: cert, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const peer = (request.socket as TLSSocket).getPeerCertificate();
      shown.push([Object.keys(peer).length > 0, request.headers.authorization]);
      const status = { userInfo: { username: 'somebody' } };
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ status }));
    },
  );
  await once(https.listen(0, '127.0.0.1'), 'listening');
  const pem = (text: string) => Buffer.from(text).toString('base64');
  const kubeconfig = join(directory, 'certified');
  const cluster = {
    server: `https://127.0.0.1:${(https.address() as AddressInfo).port}`,
    'certificate-authority-data': pem(cert),
  };
  writeFileSync(
    kubeconfig,
    stringify({
      'current-context': 'here',
      contexts: [{ name: 'here', context: { cluster: 'town', user: 'me' } }],
      clusters: [{ name: 'town', cluster }],
      users: [{ name: 'me', user: { 'client-certificate-data': pem(cert), 'client-key-data': pem(key) } }],
    }),
  );
  const certified = connect({ kubeconfig });
  await certified.whoAmI();
  await certified.as({ token: ANN }).whoAmI();
  await certified.as(ann).whoAmI();
  expect(shown).toEqual([
    [true, undefined],
    [false, `Bearer ${ANN}`],
    [true, undefined],
  ]);
  await certified.close();
  https.close();
  https.closeAllConnections();
});
