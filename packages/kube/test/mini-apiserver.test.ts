import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import type { KubeRoutingOverride, ObjectMeta } from '@kubecity/routing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, ensureCrd, type KubeClient, resources, watchResource } from '../src/index.ts';

interface Namespace {
  metadata: ObjectMeta;
}

const TOKEN = 'token-of-the-tests';
let directory: string;
let socketPath: string;
let server: MiniApiServer;
let client: KubeClient;
let stop: AbortController;

const startServer = () =>
  startMiniApiServer({
    socketPath,
    listen: { host: '127.0.0.1', port: 0 },
    users: [{ name: 'reader', groups: [], token: TOKEN, access: 'view' }],
  });

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-kube-'));
  socketPath = join(directory, 'api.sock');
  server = await startServer();
  client = connect({ socketPath });
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await client.close();
  await server.close();
  rmSync(directory, { recursive: true });
});

const drain = (name: string, spec: object = { service: 'cart', drain: {} }): KubeRoutingOverride => ({
  metadata: { namespace: 'default', name },
  spec,
});

test('an override lives from create to delete', async () => {
  await ensureCrd(client);
  await ensureCrd(client);
  const ro = resources.routingOverrides;
  const made = await client.create<KubeRoutingOverride>(ro, drain('d'));
  const filled = { existing: 'wait', sticky: 'expire', cutPerSecond: 50 };
  expect(made.spec).toEqual({ service: 'cart', drain: filled, allowEmpty: false });
  await expect(client.create(ro, drain('d'))).rejects.toMatchObject({ code: 'already-exists' });

  const changed = await client.replace(ro, { ...made, spec: { service: 'cart', weight: 5 } });
  expect(changed.metadata.generation).toBe(2);
  await expect(client.replace(ro, made)).rejects.toMatchObject({ code: 'conflict' });

  const address = { namespace: 'default', name: 'd' };
  const status = { observedGeneration: 2, nodes: { desired: 1, acknowledged: 1, waitingFor: [] } };
  await client.patch(ro, { ...address, subresource: 'status' }, { status }, 'merge');
  expect(await client.get<KubeRoutingOverride>(ro, address)).toMatchObject({ status, metadata: { generation: 2 } });

  await expect(client.delete(ro, address, { uid: 'another' })).rejects.toMatchObject({ code: 'conflict' });
  await client.delete(ro, address, { uid: made.metadata.uid ?? '' });
  await expect(client.get(ro, address)).rejects.toMatchObject({ code: 'not-found' });
});

test('a watch goes on over a server that was restarted with nothing in it', async () => {
  const names = new Set<string>();
  const states: string[] = [];
  watchResource<Namespace>(client, {
    resource: resources.namespaces,
    set: ({ metadata }) => names.add(metadata.name),
    delete: ({ metadata }) => names.delete(metadata.name),
    synced: () => {},
    state: (state) => states.push(state),
    signal: stop.signal,
  });
  const named = () => expect.poll(() => [...names].sort(), { timeout: 10_000 });
  await named().toEqual(['default', 'kube-system']);
  await client.create(resources.namespaces, { metadata: { name: 'shop' } });
  await named().toEqual(['default', 'kube-system', 'shop']);
  await server.close();
  await expect.poll(() => states.at(-1)).toBe('reconnecting');
  server = await startServer();
  await named().toEqual(['default', 'kube-system']);
  await client.create(resources.namespaces, { metadata: { name: 'blog' } });
  await named().toEqual(['blog', 'default', 'kube-system']);
});

test('a kubeconfig over TLS: the token says who we are and what we may', async () => {
  const file = join(directory, 'kubeconfig');
  writeFileSync(file, server.kubeconfig('reader'));
  const reader = connect({ kubeconfig: file });
  expect((await reader.list<Namespace>(resources.namespaces, { limit: 1 })).items).toHaveLength(2);
  await expect(reader.create(resources.namespaces, { metadata: { name: 'x' } })).rejects.toMatchObject({
    code: 'forbidden',
  });
  const may = (verb: string) =>
    reader.selfAccess({ verb, group: 'kubecity.dev', resource: 'routingoverrides', namespace: 'default' });
  expect([(await may('list')).allowed, (await may('create')).allowed]).toEqual([true, false]);

  writeFileSync(file, server.kubeconfig('reader').replace(TOKEN, 'wrong'));
  const stranger = connect({ kubeconfig: file });
  await expect(stranger.list(resources.namespaces)).rejects.toMatchObject({ code: 'unauthorized' });
  await Promise.all([reader.close(), stranger.close()]);
});

test('a token file: a refused token is read again, without waiting', async () => {
  const file = join(directory, 'kubeconfig');
  const tokenFile = join(directory, 'token');
  writeFileSync(file, server.kubeconfig('reader').replace(`token: "${TOKEN}"`, 'tokenFile: token'));
  writeFileSync(tokenFile, 'out of date');
  const reader = connect({ kubeconfig: file });
  await expect(reader.list(resources.namespaces)).rejects.toMatchObject({ code: 'unauthorized' });
  writeFileSync(tokenFile, `${TOKEN}\n`);
  expect((await reader.list<Namespace>(resources.namespaces)).items).toHaveLength(2);
  await reader.close();
});

test('proxy-url: the API server is reached through a tunnel', async () => {
  const tunnels: (string | undefined)[] = [];
  const proxy = createServer().on('connect', ({ url }, socket) => {
    tunnels.push(url);
    const far = connectTcp(server.port ?? 0, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(far).pipe(socket);
    });
    socket.on('error', () => far.destroy());
    far.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const file = join(directory, 'kubeconfig');
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  writeFileSync(file, server.kubeconfig('reader').replace(/^( +)server: .*$/m, `$&\n$1proxy-url: ${proxyUrl}`));
  const reader = connect({ kubeconfig: file });
  expect((await reader.list<Namespace>(resources.namespaces)).items).toHaveLength(2);
  expect(tunnels).toEqual([`127.0.0.1:${server.port}`]);
  await reader.close();
  proxy.close();
});
