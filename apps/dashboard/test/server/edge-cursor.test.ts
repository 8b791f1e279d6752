import type { CityEdges, EdgeKey } from '@kubecity/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EdgeCursor, SLOW_TURNS } from '../../server/traffic/edge-cursor.ts';
import { HubTraffic } from './hub-traffic.ts';
import { edgeFrame } from './objects.ts';
import { edgeNameId, ToldEdges } from './told-edges.ts';

const keyOf = (service: string, client: number, backend = 1): EdgeKey => ({
  client: {
    kind: 'pod',
    uid: `00000000-0000-4000-8000-${String(client).padStart(12, '0')}`,
    namespace: 'shop',
    name: `web-${client}`,
  },
  servicePort: `shop/${service}:http/TCP`,
  backend: `10.244.1.${backend}:8080`,
  pod: {
    uid: `10000000-0000-4000-8000-${String(backend).padStart(12, '0')}`,
    namespace: 'shop',
    name: `${service}-${backend}`,
  },
});

const rowOf = (id: number, moving: number) => [id, 0, moving, ...new Array<number>(12).fill(0)];

test('only rows that changed are sent, and only of Services that are looked at', () => {
  const hub = new HubTraffic().connected('n', 'e');
  hub.reset(
    'n',
    0,
    [
      [1, 5],
      [2, 5],
    ],
    [keyOf('cart', 1), keyOf('pay', 1)],
  );
  hub.show(0);
  expect(hub.told.all().size).toBe(2);
  hub.traffic.show(1000, () => false);
  expect(hub.cursor.next(hub.traffic.shown)).toBeUndefined();
  hub.take('n', 2000, edgeFrame(1, 2000, [[1, 5, 0, 0, 0, 0, 0, 0, 1]]));
  hub.traffic.show(2000, () => false);
  expect(hub.cursor.next(hub.traffic.shown)).toMatchObject({
    reset: false,
    define: [],
    forget: [],
    rows: [rowOf(1, 1)],
  });

  hub.cursor.look({ services: ['shop/pay', 'shop/nowhere'] });
  expect(hub.cursor.next(hub.traffic.shown)).toEqual({ reset: false, define: [], forget: [1], rows: [] });
  hub.take('n', 3000, edgeFrame(2, 3000, [[1, 5, 0, 0, 0, 0, 0, 0, 7]]));
  hub.traffic.show(3000, () => false);
  expect(hub.cursor.next(hub.traffic.shown)).toBeUndefined();
  hub.cursor.look({ services: 'all' });
  expect(hub.cursor.next(hub.traffic.shown)).toMatchObject({
    define: [[1, { service: 'shop/cart' }]],
    rows: [rowOf(1, 7)],
  });
});

const change = fc.record({
  edge: fc.nat(7),
  what: fc.constantFrom('carry', 'carry', 'forget', 'look', 'reset'),
  open: fc.nat(5),
  slow: fc.boolean(),
  after: fc.constantFrom(200, 1000, 7000),
});

test('a slow reader, whatever it missed, knows after any frame what a newcomer is told', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const hub = new HubTraffic().connected('n', 'e');
      hub.reset('n', 0, [], []);
      const reader = { cursor: new EdgeCursor(), told: new ToldEdges() };
      const known = new Map<number, number>();
      let [seq, now, nextId] = [0, 0, 1];
      let services: 'all' | string[] = 'all';
      for (const { edge, what, open, slow, after } of changes) {
        now += after;
        const id = known.get(edge);
        const row = (id: number) => [[id, 0, 0, 0, 0, 0, 0, 0, open]];
        if (what === 'look') {
          services = open < 2 ? 'all' : [`shop/s${open % 2}`];
          reader.cursor.look({ services });
        } else if (what === 'reset') reader.cursor.reset();
        else if (what === 'forget' && id !== undefined) {
          hub.take('n', now, edgeFrame(++seq, now, row(id), { forget: [id] }));
          known.delete(edge);
        } else if (what === 'carry' && id !== undefined) hub.take('n', now, edgeFrame(++seq, now, row(id)));
        else if (what === 'carry') {
          known.set(edge, nextId);
          const define: [number, EdgeKey][] = [[nextId, keyOf(`s${edge % 2}`, edge)]];
          hub.take('n', now, edgeFrame(++seq, now, row(nextId++), { define }));
        }
        hub.traffic.show(now, () => false);
        if (slow) continue;
        reader.told.take(reader.cursor.next(hub.traffic.shown));
        const [newcomer, cursor] = [new ToldEdges(), new EdgeCursor()];
        cursor.look({ services });
        newcomer.take(cursor.next(hub.traffic.shown));
        const sorted = (told: ToldEdges) => [...told.all()].sort(([a], [b]) => a.localeCompare(b));
        expect(sorted(reader.told)).toEqual(sorted(newcomer));
        expect(new Set([...reader.told.names.values()].map(edgeNameId)).size).toBe(reader.told.names.size);
      }
    }),
    { seed: 20261123, numRuns: 200 },
  );
});

test('others come slowly: their names at once, each figure within ten frames, a tenth of them with each', () => {
  const hub = new HubTraffic().connected('n', 'e');
  const keys = Array.from({ length: 200 }, (_, i) => keyOf(i < 50 ? 'cart' : 'pay', i));
  const rowsAt = (open: number) => keys.map((_, i) => [i + 1, 0, 0, 0, 0, 0, 0, 0, open]);
  hub.reset('n', 0, rowsAt(0), keys);
  hub.cursor.look({ services: ['shop/cart'], others: 'slow' });
  expect(hub.show(0).all().size).toBe(200);

  for (let second = 1; second <= 30; second++) {
    hub.take('n', second * 1000, edgeFrame(second, second * 1000, rowsAt(second)));
    hub.traffic.show(second * 1000, () => false);
    const edges = hub.cursor.next(hub.traffic.shown) as CityEdges;
    hub.told.take(edges);
    expect(edges.rows).toHaveLength(50 + 150 / SLOW_TURNS);
    const shown = (service: string) =>
      [...hub.told.all()].flatMap(([id, { moving }]) => (id.includes(`/${service}:`) ? [moving] : []));
    expect(new Set(shown('cart'))).toEqual(new Set([second]));
    if (second > SLOW_TURNS) expect(Math.min(...shown('pay'))).toBe(second - SLOW_TURNS + 1);
  }

  // what is looked at from now on is as it is now, at once
  hub.cursor.look({ services: ['shop/pay'], others: 'slow' });
  hub.told.take(hub.cursor.next(hub.traffic.shown));
  expect(new Set([...hub.told.all().values()].map(({ moving }) => moving))).toEqual(new Set([30]));
});

test('a thousand changing edges are less than 100 kB a second', () => {
  const hub = new HubTraffic().connected('n', 'e');
  const keys = Array.from({ length: 1000 }, (_, i) => keyOf('cart', i, i % 100));
  // long-lived edges with large figures: the widest rows that a busy cluster makes
  const figuresAt = (second: number, i: number) => [
    ...[i + 1, 123_456 + second * (3 + (i % 40)), second % 50, 17, 900 * second * (i + 7), 40_000 * second * (i + 7)],
    ...[800 * second * (i + 7), 999_999 * second * (i + 7), (second + i) % 90, (second * i) % 300, i % 9, i % 3, 0],
  ];
  hub.reset(
    'n',
    0,
    keys.map((_, i) => figuresAt(0, i)),
    keys,
  );
  hub.show(0);
  const bytes: number[] = [];
  for (let second = 1; second <= 30; second++) {
    hub.take(
      'n',
      second * 1000,
      edgeFrame(
        second,
        second * 1000,
        keys.map((_, i) => figuresAt(second, i)),
      ),
    );
    hub.traffic.show(second * 1000, () => false);
    const edges = hub.cursor.next(hub.traffic.shown) as CityEdges;
    expect([edges.rows.length, edges.define.length]).toEqual([1000, 0]);
    bytes.push(JSON.stringify(edges).length);
  }
  expect(Math.max(...bytes)).toBeLessThan(80_000);
});
