import { resources } from '@kubecity/kube';
import { AGENT_PROTOCOL } from '@kubecity/protocol';
import { expect, test } from 'vitest';
import { hubOfEachTest, webToCart1Id } from './hub-lab.ts';
import { cart1, cart2, edgeFrame, webToCart1 } from './objects.ts';
import type { Browser } from './peers.ts';
import { eventually } from './test-hub.ts';
import { edgeNameId, figuresOf, ToldEdges } from './told-edges.ts';

const lab = hubOfEachTest();
const { agent, browser, reports } = lab;

const taken = () => {};

const eventsOf = ({ city }: Browser) =>
  [...city].flatMap(([key, record]) => (key.startsWith('event ') ? [record] : []));

test('events of the cluster reach the browser, and it hears when they cannot be read', async () => {
  const map = browser();
  await eventually(() => map.get('cluster', 'cluster')).toMatchObject({ events: { state: 'live' } });
  const involvedObject = { kind: 'Pod', namespace: 'shop', name: 'cart-1', uid: 'uid-cart-1' };
  await lab.cluster.client.create(resources.coreEvents, {
    metadata: { namespace: 'shop', name: 'cart-1.1' },
    involvedObject,
    type: 'Warning',
    reason: 'Unhealthy',
    message: 'Readiness probe failed',
    lastTimestamp: new Date().toISOString(),
  });
  await eventually(() => eventsOf(map)).toMatchObject([{ reason: 'Unhealthy', warning: true, about: involvedObject }]);
  await lab.cluster.stop();
  await eventually(() => map.get('cluster', 'cluster')).toMatchObject({
    events: { state: 'unreadable', why: expect.stringContaining('events') },
  });
  // what was read is still true of the last hour
  expect(eventsOf(map)).toHaveLength(1);
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
  expect(welcome).toEqual({ protocol: AGENT_PROTOCOL, interest: { services: ['shop/cart', 'shop/web'] } });
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
