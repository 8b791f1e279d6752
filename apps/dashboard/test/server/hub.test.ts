import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resources } from '@kubecity/kube';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { pino } from 'pino';
import type { Socket } from 'socket.io-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Hub, startHub } from '../../server/hub.ts';
import { pages } from '../../server/pages.ts';
import { ack, cart1, cart2, edgeFrame, rulesReport, webToCart1 } from './objects.ts';
import { agentSocket, Browser, outcomeOf } from './peers.ts';
import { TestCluster } from './test-cluster.ts';

let cluster: TestCluster;
/** False: the cluster says that we may not. */
let allowed: boolean;
let hub: Hub;
let directory: string;
let socketPath: string;
let server: Server;
let agentServer: Server;
let url: string;
const log: string[] = [];
const sockets: Socket[] = [];

const keep = <S extends Socket>(socket: S): S => {
  sockets.push(socket);
  return socket;
};
const agent = (...args: Parameters<typeof agentSocket> extends [string, ...infer Rest] ? Rest : never) =>
  keep(agentSocket(socketPath, ...args));
const browser = (headers?: Record<string, string>) => {
  const made = new Browser(url, headers);
  keep(made.socket);
  return made;
};
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 5000, interval: 10 });

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-hub-'));
  cluster = new TestCluster(directory);
  await cluster.start();
  allowed = true;
  const { selfAccess } = cluster.client;
  socketPath = join(directory, 'agents.sock');
  server = createServer();
  agentServer = createServer();
  server.on(
    'request',
    pages({ hub: () => hub, dev: false, render: async (_request, response) => void response.end('page') }),
  );
  log.length = 0;
  hub = startHub({
    client: {
      ...cluster.client,
      selfAccess: async (attributes) => (allowed ? selfAccess(attributes) : { allowed, reason: 'no role permits it' }),
    },
    clusterName: 'test',
    token: 'a secret of the tests',
    log: pino({ level: 'info' }, { write: (line: string) => log.push(line) }),
    server,
    agentServer,
    frameMilliseconds: 20,
  });
  await Promise.all([
    once(server.listen(0, '127.0.0.1'), 'listening'),
    once(agentServer.listen(socketPath), 'listening'),
  ]);
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await eventually(() => hub.live()).toBe(true);
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await hub.close();
  await cluster.remove();
  rmSync(directory, { recursive: true });
});

const taken = () => {};
const webToCart1Id = `pod:uid-web-1>${cart1}`;

/** Two agents that say the same of the overrides given, and one edge from node-b. */
function reports(acknowledged: Parameters<typeof rulesReport>[0]) {
  const [a, b] = [agent({ node: 'node-a' }), agent({ node: 'node-b' })];
  for (const socket of [a, b]) socket.emit('rules', rulesReport(acknowledged));
  a.emit('edges', edgeFrame(0, 1000, []), taken);
  b.emit('edges', edgeFrame(0, 1000, [[1, 100, 0, 0, 0, 0, 0, 0, 1, 2, 3]], { define: [[1, webToCart1]] }), taken);
  return { a, b };
}

const storedOverride = (name: string) =>
  cluster.client.get<
    KubeRoutingOverride & { status?: { conditions?: { type: string; status: string; reason: string }[] } }
  >(resources.routingOverrides, {
    namespace: 'shop',
    name,
  });

test('a browser gets the whole city, then what changes', async () => {
  const { b } = reports([]);
  const map = browser();
  await eventually(() => map.edges.get(webToCart1Id)).toMatchObject({ opened: 0, moving: 1, idle: 2, closing: 3 });
  expect(map.frames[0]?.ops[0]).toEqual(['reset']);
  expect(map.frames[0]?.ops.at(-1)).toEqual(['sync']);
  expect(map.get('cluster', 'cluster')).toEqual({ name: 'test', apiState: 'live' });
  expect(map.get('node', 'node-b')).toMatchObject({
    zone: 'zone-1',
    agent: { state: 'live', inSync: true, chains: 3 },
  });
  expect([...map.city.keys()].filter((key) => key.startsWith('backend'))).toEqual([
    `backend ${cart1}`,
    `backend ${cart2}`,
  ]);

  const sent = map.frames.length;
  b.emit('edges', edgeFrame(1, 2000, [[1, 130, 0, 0, 0, 0, 0, 0, 1, 2, 3]]), taken);
  await eventually(() => map.edges.get(webToCart1Id)?.opened).toBe(30);
  await eventually(() => map.edges.get(webToCart1Id)?.openedPerSecond).toBe(3);
  const later = map.frames.slice(sent).flatMap(({ ops }) => ops);
  expect(later.some(([verb]) => verb === 'reset')).toBe(false);
  expect(later.filter((op) => op[0] === 'set' && op[1] === 'pod')).toEqual([]);
  expect(map.frames.map(({ seq }) => seq)).toEqual(map.frames.map((_, i) => i));
});

test('drain by button: written, confirmed node by node, told in the status, undone', async () => {
  const map = browser();
  await eventually(() => map.get('backend', cart1)).toBeDefined();
  expect(await map.steer({ action: 'drain', backend: cart1, reason: 'slow disk' })).toMatchObject({
    ok: true,
    override: 'cart-drain-cart-1',
  });
  const stored = await storedOverride('cart-drain-cart-1');
  expect(stored.spec).toMatchObject({ service: 'cart', backends: { podNames: ['cart-1'] }, reason: 'slow disk' });

  const uid = stored.metadata.uid ?? '';
  await eventually(() => map.get('backend', cart1)).toMatchObject({ draining: true, weight: 0, overrideUid: uid });
  await eventually(() => map.get('override', uid)?.nodes.waitingFor).toEqual(['node-a', 'node-b']);
  reports([{ ...ack('cart-drain-cart-1'), uid }]);
  await eventually(() => map.get('override', uid)).toMatchObject({
    nodes: { desired: 2, waitingFor: [] },
    connections: { moving: 1, idle: 2, closing: 3, coverage: 'complete' },
    reason: 'slow disk',
  });
  await expect
    .poll(
      async () =>
        (await storedOverride('cart-drain-cart-1')).status?.conditions?.map(({ type, reason }) => `${type} ${reason}`),
      { timeout: 5000 },
    )
    .toEqual(['Accepted Accepted', 'Programmed AllNodes', 'Drained ConnectionsOpen']);

  expect(await map.steer({ action: 'undrain', backend: cart1 })).toMatchObject({ ok: true });
  await eventually(() => map.get('override', uid)).toBeUndefined();
  await eventually(() => map.get('backend', cart1)).toMatchObject({ draining: false, weight: 100 });
  const flags = () =>
    [...map.city].filter(([key]) => key.startsWith('action')).map(([, flag]) => (flag as { verb: string }).verb);
  await eventually(flags).toEqual(['drain', 'undrain']);
});

test('kubectl and the button do the same', async () => {
  const map = browser();
  const spec = { service: 'cart', weight: 300, backends: { podNames: ['cart-1'] } };
  const made = await cluster.client.create<KubeRoutingOverride>(resources.routingOverrides, {
    metadata: { namespace: 'shop', name: 'by-hand' },
    spec,
  });
  await eventually(() => map.get('backend', cart1)?.wishedShare).toBe(0.75);
  await eventually(() => map.get('override', made.metadata.uid ?? '')).toMatchObject({
    kind: 'weight',
    weight: 300,
    state: 'applied',
  });
});

test('two drains at once cannot empty a Service', async () => {
  const map = browser();
  await eventually(() => map.get('backend', cart2)).toBeDefined();
  const answers = await Promise.all([cart1, cart2].map((backend) => map.steer({ action: 'drain', backend })));
  expect(answers).toMatchObject([{ ok: true }, { ok: false, code: 'would-empty' }]);
});

test('who may not, or asks for nonsense, is told so; nothing is written', async () => {
  const map = browser();
  await eventually(() => map.get('backend', cart1)).toBeDefined();
  allowed = false;
  expect(await map.steer({ action: 'drain', backend: cart1 })).toEqual({
    ok: false,
    code: 'forbidden',
    message: 'You may not create RoutingOverrides in namespace shop (no role permits it).',
  });
  expect(await map.steer({ action: 'weight', backend: cart1, weight: 5000 })).toMatchObject({
    code: 'invalid-message',
  });
  expect(await map.steer({ action: 'blow-up' })).toMatchObject({ code: 'invalid-message' });
  expect((await cluster.client.list(resources.routingOverrides)).items).toEqual([]);
});

test('more requests than a hand can make are refused', async () => {
  const map = browser();
  const answers = await Promise.all(Array.from({ length: 30 }, () => map.steer({ action: 'undrain', backend: cart1 })));
  expect(answers.filter((answer) => !answer.ok && answer.code === 'rate-limited').length).toBeGreaterThan(10);
});

test('the API goes away and comes back: the map says so, steering waits', async () => {
  const map = browser();
  await eventually(() => map.get('backend', cart1)).toBeDefined();
  await cluster.stop();
  await eventually(() => map.get('cluster', 'cluster')?.apiState).toBe('reconnecting');
  expect(map.get('backend', cart1)).toBeDefined();
  expect(await map.steer({ action: 'drain', backend: cart1 })).toMatchObject({ ok: false, code: 'api-unavailable' });
  await cluster.start();
  await eventually(() => map.get('cluster', 'cluster')?.apiState).toBe('live');
});

test('a gap in an agent’s frames is answered with a request for a reset', async () => {
  const a = agent();
  let asked = 0;
  a.on('resync', () => {
    asked += 1;
  });
  a.emit('edges', edgeFrame(5, 1000, []), taken);
  await eventually(() => asked).toBe(1);
  a.emit('edges', edgeFrame(0, 1000, [[1, 1]], { define: [[1, webToCart1]] }), taken);
  const map = browser();
  await eventually(() => map.edges.get(webToCart1Id)).toBeDefined();
  expect(asked).toBe(1);
});

test.each([
  [{ token: 'another secret' }, 'unauthenticated'],
  [{ protocols: [98, 99] }, 'protocol-version'],
  [{ node: '' }, 'invalid-message'],
])('an agent with %j is refused as %s, and its token is in no log', async (hello, code) => {
  expect(await outcomeOf(agent(hello))).toMatchObject({ code });
  expect(log.join('')).toContain(code);
  expect(log.join('')).not.toMatch(/secret/);
});

test('an agent that sends what is no message is turned away', async () => {
  const a = agent();
  expect(await outcomeOf(a)).toEqual({ connected: true });
  const gone = once(a as unknown as NodeJS.EventEmitter, 'disconnect');
  a.emit('rules', { mode: 'dance' } as never);
  await gone;
  expect(log.join('')).toContain('invalid-message');
});

test('the later agent of a node is the one that counts', async () => {
  const [first, second] = [agent(), agent({ epoch: 'e2' })];
  await outcomeOf(second);
  await eventually(() => first.connected).toBe(false);
  expect(second.connected).toBe(true);
});

test('agents come through their own socket only, browsers through theirs', async () => {
  expect(await outcomeOf(keep(new Browser(url).socket.io.socket('/agents')))).toMatchObject({
    message: 'Invalid namespace',
  });
  expect(await outcomeOf(agent({}, '/map'))).toMatchObject({ message: 'Invalid namespace' });
});

test('a page of another site gets no socket', async () => {
  const foreign = browser({ Origin: 'http://evil.example' });
  expect(await outcomeOf(foreign.socket)).toMatchObject({ message: 'websocket error' });
  expect(await outcomeOf(browser({ Origin: url }).socket)).toEqual({ connected: true });
});

test('health, metrics and the headers of pages', async () => {
  const health = await fetch(`${url}/healthz`);
  expect([health.status, await health.json()]).toEqual([
    200,
    { synced: true, api: 'live', agents: { live: 0, stale: 0 } },
  ]);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  const map = browser();
  await eventually(() => map.frames.length).toBeGreaterThan(2);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('kubecity_hub_map_readers 1');
  expect(metrics).toContain('kubecity_hub_records{kind="pod"} 3');
  const page = await fetch(url);
  expect(await page.text()).toBe('page');
  expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self' 'nonce-[^']+' 'strict-dynamic'/);
  expect(page.headers.get('x-frame-options')).toBe('DENY');
});
