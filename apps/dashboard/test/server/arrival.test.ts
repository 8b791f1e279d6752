import type { CityFrame, EdgeKey } from '@kubecity/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type MapSocket, Reader } from '../../server/map-reader.ts';
import { RecordStore } from '../../server/record-store.ts';
import { type City, type CityStream, NEW_STREAM, takeFrame } from '../../src/city/city.ts';
import { HubTraffic } from './hub-traffic.ts';
import { edgeFrame } from './objects.ts';

/** A hub's records and edges, and one page that reads them in frames of few things. */
class Arrival {
  readonly store = new RecordStore();
  readonly hub = new HubTraffic().connected('n', 'e');
  readonly frames: CityFrame[] = [];
  stream: CityStream = NEW_STREAM;
  readonly reader: Reader;
  #seq = 0;
  #now = 0;

  constructor(most: number) {
    const emit = (_event: string, frame: CityFrame) => this.frames.push(structuredClone(frame));
    this.reader = new Reader(
      { conn: { transport: { writable: true }, on: () => undefined }, emit } as unknown as MapSocket,
      most,
    );
    this.hub.reset('n', 0, [], []);
  }

  carry(id: number, open: number, isNew: boolean): void {
    const define: [number, EdgeKey][] = isNew ? [[id, keyOf(id)]] : [];
    this.#tell([[id, 0, 0, 0, 0, 0, 0, 0, open]], { define });
  }

  drop(id: number): void {
    this.#tell([], { forget: [id] });
  }

  #tell(rows: number[][], more: object): void {
    this.hub.take('n', this.#now, edgeFrame(++this.#seq, this.#now, rows, more));
  }

  /** A second passes: there is a new moment. */
  moment(): void {
    this.#now += 6000;
    this.hub.traffic.show(this.#now, () => false);
  }

  /** One frame reaches the page. */
  send(): void {
    this.reader.lack(this.store.take(), 1e6);
    this.reader.send({ store: this.store, shown: this.hub.traffic.shown }, 'epoch', this.#now);
    const taken = takeFrame(this.stream, this.frames.at(-1) as CityFrame);
    if (taken.outcome !== 'applied') throw new Error('the page has lost the thread');
    this.stream = taken.stream;
  }
}

const keyOf = (id: number): EdgeKey => ({
  client: { kind: 'pod', uid: `uid-${id}`, namespace: 'shop', name: `web-${id}` },
  servicePort: `shop/s${id % 3}:http/TCP`,
  backend: '10.244.1.1:8080',
});
const load = (opened: number) => ({
  ...{ openedPerSecond: NONE, refusedPerSecond: NONE, bytesPerSecond: NONE, windowSeconds: 60 },
  ...{ opened, openedOfPort: opened, moving: 0, idle: 0, closing: 0 },
});
const NONE = { s1: 0, s10: 0, s60: 0 };

/** What a page holds, in no order. */
const plain = (city: City) =>
  (Object.entries(city) as [string, ReadonlyMap<string, unknown>][]).map(([kind, records]) => [
    kind,
    new Map([...records].sort(([a], [b]) => (a < b ? -1 : 1))),
  ]);

function fill(arrival: Arrival, things: number): void {
  for (let i = 0; i < things; i += 1) {
    arrival.store.set('namespace', `n${i}`, { name: `n${i}` });
    arrival.store.set('load', `l${i}`, load(i));
    arrival.carry(i + 1, i, true);
  }
  arrival.moment();
}

test('a large city comes in frames of bounded size, and is shown when it is whole; loads come behind', () => {
  const arrival = new Arrival(50);
  fill(arrival, 120);
  do arrival.send();
  while (arrival.reader.waits && arrival.frames.length < 100);

  const sizes = arrival.frames.map(({ ops, edges }) => ops.length + (edges?.define.length ?? 0));
  // the words `reset` and `sync` go besides
  expect(Math.max(...sizes)).toBeLessThanOrEqual(52);
  const synced = arrival.frames.findIndex(({ ops }) => ops.some(([name]) => name === 'sync'));
  const kinds = (frames: readonly CityFrame[]) =>
    new Set(frames.flatMap(({ ops }) => ops.flatMap((op) => (op[0] === 'set' ? [op[1]] : []))));
  expect(synced).toBeGreaterThan(3);
  expect(kinds(arrival.frames.slice(0, synced))).toEqual(new Set(['namespace']));
  expect(kinds(arrival.frames.slice(synced + 1))).toEqual(new Set(['load']));

  const { city } = arrival.stream;
  expect([city.namespace.size, city.load.size, city.edge.size]).toEqual([120, 120, 120]);
});

test('a small city comes in one frame', () => {
  const arrival = new Arrival(2000);
  fill(arrival, 40);
  arrival.send();
  expect(arrival.reader.waits).toBe(false);
  expect(arrival.frames[0]?.ops.at(0)).toEqual(['reset']);
  expect(arrival.stream.arriving).toBeUndefined();
  expect([arrival.stream.city.load.size, arrival.stream.city.edge.size]).toEqual([40, 40]);
});

const step = fc.record({
  what: fc.constantFrom('send', 'send', 'send', 'moment', 'record', 'gone', 'load', 'edge', 'drop', 'resync'),
  id: fc.nat(30),
  value: fc.nat(9),
});

test('whatever changes while it comes, the page ends with what a newcomer is told, and shows nothing that never was whole', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 3, max: 20 }), (steps, most) => {
      const arrival = new Arrival(most);
      fill(arrival, 20);
      const known = new Map(Array.from({ length: 20 }, (_, i) => [i, i + 1]));
      let nextId = 100;
      for (const { what, id, value } of steps) {
        if (what === 'send') arrival.send();
        else if (what === 'moment') arrival.moment();
        else if (what === 'record') arrival.store.set('namespace', `n${id}`, { name: String(value) });
        else if (what === 'gone') arrival.store.delete('namespace', `n${id}`);
        else if (what === 'load') arrival.store.set('load', `l${id}`, load(value));
        else if (what === 'resync') arrival.reader.lackEverything();
        else if (what === 'drop') {
          if (known.has(id)) arrival.drop(known.get(id) as number);
          known.delete(id);
        } else {
          const isNew = !known.has(id);
          if (isNew) known.set(id, nextId++);
          arrival.carry(known.get(id) as number, value, isNew);
        }
        const begun = arrival.frames.some(({ ops }) => ops.some(([name]) => name === 'sync'));
        if (!begun) expect(arrival.stream.city.namespace.size + arrival.stream.city.edge.size).toBe(0);
      }
      arrival.moment();
      let frames = 0;
      do arrival.send();
      while (arrival.reader.waits && ++frames < 200);
      expect(frames).toBeLessThan(200);

      const newcomer = new Reader({
        conn: { transport: { writable: true }, on: () => undefined },
        emit: (_: string, frame: CityFrame) => {
          fresh = takeFrame(NEW_STREAM, frame).stream;
        },
      } as unknown as MapSocket);
      let fresh = NEW_STREAM;
      newcomer.send({ store: arrival.store, shown: arrival.hub.traffic.shown }, 'epoch', 0);
      expect(plain(arrival.stream.city)).toEqual(plain(fresh.city));
    }),
    { seed: 20261123, numRuns: 300 },
  );
});
