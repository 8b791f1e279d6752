import { EventEmitter } from 'node:events';
import { setTimeout as rest } from 'node:timers/promises';
import type { CityFrame } from '@kubecity/protocol';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type MapNamespace, openMapDoor } from '../../server/map-door.ts';
import { hubMetrics } from '../../server/metrics.ts';
import { RecordStore } from '../../server/record-store.ts';
import { edgeNamer } from '../../server/traffic/edge-table.ts';
import { Traffic } from '../../server/traffic/traffic.ts';
import { applyOps } from './apply-ops.ts';
import { localSession } from './peers.ts';

/** A browser's socket whose transport can be stuck: no real one can be stuck at a given frame. */
function stuckable(id: string) {
  const frames: CityFrame[] = [];
  const transport = { writable: true };
  const conn = Object.assign(new EventEmitter(), { transport });
  const socket = {
    id,
    conn,
    on: () => {},
    data: { session: localSession() },
    emit: (event: string, frame: CityFrame) => event === 'city' && frames.push(frame),
  };
  return { socket, conn, transport, frames };
}

function openDoor() {
  const store = new RecordStore();
  const namespace = Object.assign(new EventEmitter(), { use: () => {} });
  const door = openMapDoor(namespace as unknown as MapNamespace, {
    moment: { store, shown: new Traffic(edgeNamer(() => undefined)).shown },
    gate: { admit: () => Promise.reject(new Error('nobody asks')) },
    steer: () => Promise.reject(new Error('nobody steers')),
    answer: async () => ({ kind: 'refused', code: 'not-found', message: '' }),
    lookedAt: () => {},
    log: pino({ level: 'silent' }),
    metrics: hubMetrics(),
    now: () => 7,
  });
  return { store, namespace, door };
}

test('a slow reader gets one merged frame for all it missed, the fast one every frame', () => {
  const { store, namespace, door } = openDoor();
  const [slow, fast] = [stuckable('slow'), stuckable('fast')];
  for (const { socket } of [slow, fast]) namespace.emit('connection', socket);

  slow.transport.writable = false;
  for (let i = 0; i < 500; i++) {
    store.set('namespace', 'counted', { name: String(i) });
    store.set('namespace', `passing-${i}`, { name: 'x' });
    store.delete('namespace', `passing-${i - 1}`);
    door.send(store.take(), 7);
  }
  expect(slow.frames).toHaveLength(1);
  expect(fast.frames).toHaveLength(501);

  slow.transport.writable = true;
  door.send(store.take(), 7);
  expect(slow.frames.map(({ seq }) => seq)).toEqual([0, 1]);
  const cityOf = (frames: CityFrame[]) =>
    frames.reduce((city, { ops }) => applyOps(city, ops), new Map<string, unknown>());
  expect(cityOf(slow.frames)).toEqual(applyOps(new Map(), store.opsFor(store.keys())));
  expect(cityOf(fast.frames)).toEqual(cityOf(slow.frames));
  expect(slow.frames[1]?.ops.filter((op) => op[0] === 'set')).toHaveLength(2);
});

test('a reader that is stuck for long gets a snapshot: what is gone meanwhile takes no room', () => {
  const { store, namespace, door } = openDoor();
  const stuck = stuckable('stuck');
  namespace.emit('connection', stuck.socket);
  stuck.transport.writable = false;
  for (let i = 0; i < 1100; i++) {
    store.set('namespace', `n${i}`, { name: 'x' });
    store.delete('namespace', `n${i - 1}`);
    door.send(store.take(), 7);
  }
  stuck.transport.writable = true;
  door.send(store.take(), 7);
  expect(stuck.frames[1]?.ops).toEqual([['reset'], ['set', 'namespace', 'n1099', { name: 'x' }], ['sync']]);
});

test('who comes in the middle of a frame learns what is undone before its end, and so do the others', () => {
  const { store, namespace, door } = openDoor();
  const [early, late] = [stuckable('early'), stuckable('late')];
  const names = () =>
    [early, late].map(({ frames }) =>
      frames.reduce((city, { ops }) => applyOps(city, ops), new Map<string, unknown>()),
    );
  store.set('namespace', 'shop', { name: 'before' });
  door.send(store.take(), 7);
  namespace.emit('connection', early.socket);
  store.set('namespace', 'shop', { name: 'meanwhile' });
  namespace.emit('connection', late.socket);
  store.set('namespace', 'shop', { name: 'before' });
  door.send(store.take(), 7);
  const expected = new Map([['namespace shop', { name: 'before' }]]);
  expect(names()).toEqual([expected, expected]);
});

test('a large city is made piece by piece: one waits while the one before it is on its way, and no more', async () => {
  const { store, namespace } = openDoor();
  for (let i = 0; i < 9000; i++) store.set('namespace', `n${i}`, { name: 'x' });
  const reader = stuckable('reader');
  namespace.emit('connection', reader.socket);
  expect(reader.frames).toHaveLength(1);

  reader.transport.writable = false;
  await expect.poll(() => reader.frames.length).toBe(2);
  await rest(30);
  expect(reader.frames).toHaveLength(2);
  // What waited is on its way now, and there is room for one again.
  reader.conn.emit('drain');
  await expect.poll(() => reader.frames.length).toBe(3);
  await rest(30);
  expect(reader.frames).toHaveLength(3);

  reader.transport.writable = true;
  await expect.poll(() => reader.frames.at(-1)?.ops.at(-1)).toEqual(['sync']);
  const city = reader.frames.reduce((known, { ops }) => applyOps(known, ops), new Map<string, unknown>());
  expect(city.size).toBe(9000);
});

test('the search of socket.io for binary parts ends at a frame, and the frame is written whole', () => {
  const { store, namespace, door } = openDoor();
  const { socket, frames } = stuckable('one');
  store.set('namespace', 'shop', { name: 'shop' });
  namespace.emit('connection', socket);
  door.send(store.take(), 7);
  const [frame] = frames as (CityFrame & { toJSON(): unknown })[];
  expect(frame?.toJSON()).toBeNull();
  expect(JSON.parse(JSON.stringify(['city', frame]))).toEqual(['city', { ...frame }]);
  expect(frame?.ops).toContainEqual(['set', 'namespace', 'shop', { name: 'shop' }]);
});
