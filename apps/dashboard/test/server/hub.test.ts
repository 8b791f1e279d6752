import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resources } from '@kubecity/kube';
import type { AgentAnswer, FlowDetail } from '@kubecity/protocol';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { pino } from 'pino';
import type { Socket } from 'socket.io-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { secretProof } from '../../server/agent-link/agent-proof.ts';
import { type Hub, startHub } from '../../server/hub.ts';
import { pages } from '../../server/pages.ts';
import { ack, cart1, cart2, edgeFrame, rulesReport, webToCart1 } from './objects.ts';
import { agentSocket, Browser, outcomeOf } from './peers.ts';
import { TestCluster } from './test-cluster.ts';
import { edgeNameId, figuresOf, ToldEdges } from './told-edges.ts';

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
const steer = (id: string, effect: object) => ({ action: 'steer', target: { kind: 'backend', id }, effect });
const drain = (id: string) => steer(id, { kind: 'drain' });
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
    agentProof: secretProof('a secret of the tests'),
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

const eventsOf = ({ city }: Browser) =>
  [...city].flatMap(([key, record]) => (key.startsWith('event ') ? [record] : []));

test('events of the cluster reach the browser, and it hears when they cannot be read', async () => {
  const map = browser();
  await eventually(() => map.get('cluster', 'cluster')).toMatchObject({ events: { state: 'live' } });
  const involvedObject = { kind: 'Pod', namespace: 'shop', name: 'cart-1', uid: 'uid-cart-1' };
  await cluster.client.create(resources.coreEvents, {
    metadata: { namespace: 'shop', name: 'cart-1.1' },
    involvedObject,
    type: 'Warning',
    reason: 'Unhealthy',
    message: 'Readiness probe failed',
    lastTimestamp: new Date().toISOString(),
  });
  await eventually(() => eventsOf(map)).toMatchObject([{ reason: 'Unhealthy', warning: true, about: involvedObject }]);
  await cluster.stop();
  await eventually(() => map.get('cluster', 'cluster')).toMatchObject({
    events: { state: 'unreadable', why: expect.stringContaining('events') },
  });
  // what was read is still true of the last hour
  expect(eventsOf(map)).toHaveLength(1);
});

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
  expect(map.get('cluster', 'cluster')).toMatchObject({ name: 'test', apiState: 'live' });
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
  expect(await map.steer({ ...drain(cart1), reason: 'slow disk' })).toMatchObject({
    ok: true,
    override: 'shop/cart-drain-cart-1',
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

  expect(await map.steer(steer(cart1, { kind: 'release' }))).toMatchObject({ ok: true });
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
  const answers = await Promise.all([cart1, cart2].map((backend) => map.steer(drain(backend))));
  expect(answers).toMatchObject([{ ok: true }, { ok: false, code: 'would-empty' }]);
});

test('who may not, or asks for nonsense, is told so; nothing is written', async () => {
  const map = browser();
  await eventually(() => map.get('backend', cart1)).toBeDefined();
  allowed = false;
  expect(await map.steer(drain(cart1))).toEqual({
    ok: false,
    code: 'forbidden',
    message: 'You may not create RoutingOverrides in namespace shop (no role permits it).',
  });
  expect(await map.steer(steer(cart1, { kind: 'weight', weight: 5000 }))).toMatchObject({
    code: 'invalid-message',
  });
  expect(await map.steer({ action: 'blow-up' })).toMatchObject({ code: 'invalid-message' });
  expect((await cluster.client.list(resources.routingOverrides)).items).toEqual([]);
});

test('more requests than a hand can make are refused', async () => {
  const map = browser();
  const answers = await Promise.all(Array.from({ length: 30 }, () => map.steer(steer(cart1, { kind: 'release' }))));
  expect(answers.filter((answer) => !answer.ok && answer.code === 'rate-limited').length).toBeGreaterThan(10);
});

test('the API goes away and comes back: the map says so, steering waits', async () => {
  const map = browser();
  await eventually(() => map.get('backend', cart1)).toBeDefined();
  await cluster.stop();
  await eventually(() => map.get('cluster', 'cluster')?.apiState).toBe('reconnecting');
  expect(map.get('backend', cart1)).toBeDefined();
  expect(await map.steer(drain(cart1))).toMatchObject({ ok: false, code: 'api-unavailable' });
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

test('an agent is told the version that both speak and what is looked at, and what becomes of that', async () => {
  const a = agent({ protocols: [99, 2, 1] });
  const heard: unknown[] = [];
  a.on('welcome', (welcome) => heard.push(welcome));
  a.on('interest', ({ services }) => heard.push(services));
  await eventually(() => heard).toEqual([{ protocol: 2, interest: { services: [] } }]);
  const [first, second] = [browser(), browser()];
  await eventually(() => heard.at(-1)).toBe('all');
  first.socket.emit('look', { services: ['shop/cart', 'shop/web'] });
  second.socket.emit('look', { services: ['blog/front', 'shop/cart'] });
  await eventually(() => heard.at(-1)).toEqual(['blog/front', 'shop/cart', 'shop/web']);
  // what is no wish changes nothing
  second.socket.emit('look', { services: 'some' } as never);
  second.socket.close();
  await eventually(() => heard.at(-1)).toEqual(['shop/cart', 'shop/web']);
  const late = agent({ node: 'node-b' });
  const welcome = await new Promise((resolve) => late.once('welcome', resolve));
  expect(welcome).toEqual({ protocol: 2, interest: { services: ['shop/cart', 'shop/web'] } });
  first.socket.close();
  await eventually(() => heard.at(-1)).toEqual([]);
});

test('a frame is acknowledged when it was used, also one that was in vain', async () => {
  const a = agent();
  expect(await a.timeout(5000).emitWithAck('edges', edgeFrame(0, 1000, []))).toBeUndefined();
  expect(await a.timeout(5000).emitWithAck('edges', edgeFrame(7, 2000, []))).toBeUndefined();
});

test('edges of Services that nobody looks at are not sent', async () => {
  const { b } = reports([]);
  const map = browser();
  await eventually(() => map.edges.get(webToCart1Id)).toBeDefined();
  map.socket.emit('look', { services: ['shop/web'] });
  await eventually(() => map.edges.all().size).toBe(0);
  const sent = map.frames.length;
  b.emit('edges', edgeFrame(1, 2000, [[1, 130]]), taken);
  await eventually(() => map.frames.length).toBeGreaterThan(sent + 3);
  expect(map.frames.slice(sent).some(({ edges }) => edges !== undefined)).toBe(false);
  map.socket.emit('look', { services: ['shop/cart'] });
  await eventually(() => map.edges.get(webToCart1Id)?.opened).toBe(30);
});

const flow = (bytes: number): FlowDetail => ({
  protocol: 'TCP',
  client: { kind: 'node', name: 'node-b' },
  source: '10.0.1.1:1',
  destination: '10.96.0.10:80',
  backend: '10.0.0.1:8080',
  state: 'idle',
  since: 1,
  packetsToBackend: 1,
  bytesToBackend: bytes,
  packetsToClient: 1,
  bytesToClient: 0,
  counted: true,
});

test('flows are gathered from the nodes that count some; who does not answer, or wrongly, is named', async () => {
  const { a, b } = reports([]);
  const c = agent({ node: 'node-c' });
  for (const socket of [a, c]) {
    socket.emit('edges', edgeFrame(0, 1000, [[1, 1]], { define: [[1, webToCart1]] }), taken);
  }
  const map = browser();
  await eventually(() => map.edges.get(webToCart1Id)).toBeDefined();
  const asked: unknown[] = [];
  a.on('ask', (question, answer) => {
    asked.push(question);
    answer({ kind: 'flows', at: 1, total: 2, flows: [flow(5), flow(50)] });
  });
  b.on('ask', (_question, answer) => answer({ kind: 'flows', at: 1, total: 7, flows: [flow(20)] }));
  c.on('ask', (_question, answer) => answer({ kind: 'flows', nonsense: true } as never));
  const question = { kind: 'flows', servicePort: 'shop/cart:http/TCP', backend: '10.0.0.1:8080' };
  const answer = await map.ask(question);
  expect(answer).toMatchObject({ kind: 'flows', total: 9, silent: ['node-c'] });
  expect(answer.kind === 'flows' && answer.flows.map(({ node, bytesToBackend }) => [node, bytesToBackend])).toEqual([
    ['node-a', 50],
    ['node-b', 20],
    ['node-a', 5],
  ]);
  expect(asked).toEqual([{ ...question, limit: 500 }]);
  expect(await map.ask({ ...question, backend: '10.9.9.9:1' })).toEqual({
    kind: 'flows',
    total: 0,
    flows: [],
    silent: [],
  });
});

test('rules are asked of one node or of all; a node without an agent says so', async () => {
  const a = agent();
  const chains = [
    { family: 'IPv4', table: 'nat', chain: 'CITY-X', rules: [{ rule: '-A CITY-X', packets: 1, bytes: 60 }] },
  ];
  a.on('ask', (_question, answer) => answer({ kind: 'rules', at: 1, chains, truncated: false } as AgentAnswer));
  const map = browser();
  await eventually(() => map.get('node', 'node-a')?.agent.state).toBe('stale');
  const question = { kind: 'rules', service: 'shop/cart' };
  expect(await map.ask({ ...question, node: 'node-a' })).toEqual({
    kind: 'rules',
    nodes: [{ node: 'node-a', answer: { kind: 'rules', at: 1, chains, truncated: false } }],
  });
  expect(await map.ask(question)).toMatchObject({
    nodes: [
      { node: 'node-a', answer: { kind: 'rules' } },
      { node: 'node-b', answer: { kind: 'refused', code: 'not-found', message: 'no agent of node-b is connected' } },
    ],
  });
  expect(await map.ask({ ...question, node: 'node-z' })).toMatchObject({ kind: 'refused', code: 'not-found' });
});

test('what is amiss is asked of one node or of all; an agent from before the question refuses it', async () => {
  const findings = [{ id: 'sysctl.forwarding', severity: 'error', what: 'off', why: 'nothing goes on', doThis: 'on' }];
  const answer = { kind: 'diagnose', at: 1, version: '0.1.0', findings } as AgentAnswer;
  const refused: AgentAnswer = { kind: 'refused', code: 'invalid-request', message: 'kind: no such question' };
  agent().on('ask', (_question, tell) => tell(answer));
  agent({ node: 'node-b' }).on('ask', (_question, tell) => tell(refused));
  const map = browser();
  for (const node of ['node-a', 'node-b']) {
    await eventually(() => map.get('node', node)?.agent.state).toBe('stale');
  }
  expect(await map.ask({ kind: 'diagnose', node: 'node-a' })).toEqual({
    kind: 'diagnose',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    nodes: [{ node: 'node-a', answer }],
  });
  expect(await map.ask({ kind: 'diagnose' })).toMatchObject({
    nodes: [
      { node: 'node-a', answer },
      { node: 'node-b', answer: refused },
    ],
  });
  expect(await map.ask({ kind: 'diagnose', node: 'node-z' })).toMatchObject({ kind: 'refused', code: 'not-found' });
});

test('what becomes of a packet is asked of the node where it begins; an old agent refuses it in its own words', async () => {
  const explained: AgentAnswer = {
    ...{ kind: 'explain', at: 1, source: '10.244.1.1', rules: [], unknown: [], others: [], sets: 0 },
    ends: [{ kind: 'none', chance: 1, held: false, passed: 3, compared: 9, way: [] }],
    rest: { ends: 0, chance: 0 },
  };
  const asked: unknown[] = [];
  const refused: AgentAnswer = { kind: 'refused', code: 'invalid-request', message: 'kind: Invalid input' };
  agent().on('ask', (question, answer) => {
    asked.push(question);
    answer(question.kind === 'explain' ? explained : refused);
  });
  agent({ node: 'node-b' }).on('ask', (_question, answer) => answer(refused));
  const map = browser();
  for (const node of ['node-a', 'node-b']) await eventually(() => map.get('node', node)?.agent.state).toBe('stale');
  const destination = { address: '10.96.0.10', port: 80, protocol: 'TCP' };
  const ask = (node: string) => map.ask({ kind: 'explain', source: { kind: 'node', node }, destination });
  expect(await ask('node-a')).toEqual({ kind: 'explain', node: 'node-a', answer: explained });
  expect(asked).toEqual([{ kind: 'explain', from: 'node', destination: '10.96.0.10', port: 80, protocol: 'TCP' }]);
  expect(await ask('node-b')).toEqual({ kind: 'explain', node: 'node-b', answer: refused });
  expect(await ask('node-z')).toMatchObject({ kind: 'refused', code: 'not-found' });
  expect(await map.ask({ kind: 'explain', source: { kind: 'node', node: 'node-a' } })).toMatchObject({
    kind: 'refused',
    code: 'invalid-message',
  });
});

test('connections are not ended for browsers, nonsense is refused, and so are too many questions', async () => {
  const map = browser();
  const end = { kind: 'endFlows', servicePort: '', backend: 'x', classes: ['idle'], perSecond: 1 };
  expect(await map.ask(end)).toMatchObject({ kind: 'refused', code: 'invalid-message' });
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => map.ask({ kind: 'rules', service: 'x', node: 'no' })),
  );
  expect(
    answers.filter((answer) => answer.kind === 'refused' && answer.code === 'rate-limited').length,
  ).toBeGreaterThan(10);
});

test('the past is what was streamed then', async () => {
  const { b } = reports([]);
  const map = browser();
  for (let seq = 1; seq <= 3; seq++) {
    b.emit('edges', edgeFrame(seq, 1000 * (seq + 1), [[1, 100 + seq, 0, 0, 0, 0, 0, 0, seq, 2, 3]]), taken);
    const before = map.frames.length;
    await eventually(() => map.frames.length).toBeGreaterThan(before + 60);
  }
  const moment = await map.ask({ kind: 'moment', at: Date.now() });
  if (moment.kind !== 'moment') throw new Error(JSON.stringify(moment));
  // what a browser had made of the frames up to that moment
  const then = new ToldEdges();
  for (const frame of map.frames) if (frame.at <= moment.at) then.take(frame.edges);
  expect(map.frames.some(({ at }) => at === moment.at)).toBe(true);
  expect(new Map(moment.edges.map(([name, row]) => [edgeNameId(name), figuresOf(row)]))).toEqual(then.all());
  expect(moment).toMatchObject({ stepMilliseconds: 1000, folded: 0, edges: { length: 1 } });
  expect(await map.ask({ kind: 'history', from: 0, to: Date.now() })).toMatchObject({
    kind: 'history',
    stepMilliseconds: 1000,
  });
  expect(await map.ask({ kind: 'moment', at: 1 })).toMatchObject({ kind: 'refused', code: 'not-found' });
});

test.each([
  [{ token: 'another secret' }, 'unauthenticated'],
  [{ protocols: [98, 99] }, 'protocol-version'],
  [{ node: '' }, 'invalid-message'],
])('an agent with %j is refused as %s, and its token is in no log', async (hello, code) => {
  expect(await outcomeOf(agent(hello))).toMatchObject({ code });
  expect(log.join('')).toContain(code);
  if (code === 'protocol-version') expect(log.join('')).toContain('this hub speaks protocol 3, 2, the agent 98, 99');
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
