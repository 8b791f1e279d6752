import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { EdgeName } from '@kubecity/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../server/history/database-file.ts';
import { HISTORY_FORM, HistoryStore, MOST_POINTS } from '../../server/history/history-store.ts';
import { PackedRows } from '../../server/history/packed.ts';
import { type HistoryStep, POINT } from '../../server/history/step.ts';
import { SHOWN } from '../../server/traffic/shown-edges.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MEGABYTE = 1024 * 1024;
/** A whole minute, hour and day. */
const START = 20_000 * DAY;

const nameOf = (serial: number): EdgeName => ({
  client: { kind: 'pod', id: `pod:uid-${serial}`, label: `shop/web-${serial}`, node: 'node-a' },
  service: 'shop/cart',
  servicePort: 'shop/cart:http/TCP',
  backend: `shop/cart:http/TCP|10.0.0.${serial}:8080`,
});

/** One step with the edges given (each row is its serial in every figure), and so many connections opened in the city. */
function step(at: number, opened: number, more: Partial<HistoryStep> & { edges?: number[] } = {}): HistoryStep {
  const serials = more.edges ?? [1];
  return {
    at,
    city: Float64Array.of(opened, 0, 0, 10 * opened, 0, opened, 4),
    ports: ['shop/cart:http/TCP'],
    portSums: Float64Array.of(opened, 0, 0, 10 * opened, 0, opened, 4),
    serials: Uint32Array.from(serials),
    rows: Float64Array.from(serials.flatMap((serial) => new Array<number>(SHOWN).fill(serial))),
    folded: 0,
    define: [],
    forget: [],
    ...more,
  };
}

let directory: string;
let now: number;
const stores: HistoryStore[] = [];

function memory(megabytes = 64): HistoryStore {
  const store = new HistoryStore(openDatabase(HISTORY_FORM, undefined, now).database, megabytes * MEGABYTE);
  stores.push(store);
  store.add(step(START, 0, { define: [[1, nameOf(1)]] }));
  now = START;
  return store;
}

/** A step every second, or as rarely as said. */
function run(store: HistoryStore, milliseconds: number, each = 1000): void {
  for (const end = now + milliseconds; now < end; ) {
    now += each;
    store.add(step(now, each / 1000));
  }
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-history-'));
  now = START;
});
afterEach(() => {
  for (const store of stores.splice(0)) store.abandon();
  rmSync(directory, { recursive: true });
});

describe('the history', () => {
  test('of the last quarter of an hour is by the second, of six hours by ten, of a week by the minute', () => {
    const store = memory();
    run(store, 30 * MINUTE);
    const points = (from: number, to = now) => store.history({ kind: 'history', from, to });
    expect(points(now - 10 * MINUTE)).toMatchObject({ stepMilliseconds: 1000, points: { length: 601 } });
    expect(points(now - 20 * MINUTE)).toMatchObject({ stepMilliseconds: 10_000, points: { length: 121 } });
    // nobody knows more of the time before the start
    expect(points(0, now - 29 * MINUTE).stepMilliseconds).toBe(10_000);
    run(store, 7 * HOUR, 10_000);
    expect(points(now - HOUR)).toMatchObject({ stepMilliseconds: 10_000, points: { length: 361 } });
    expect(points(now - 7 * HOUR)).toMatchObject({ stepMilliseconds: MINUTE, points: { length: 421 } });
    run(store, 8 * DAY, 10 * MINUTE);
    expect(points(0).points[0]?.at).toBeGreaterThan(now - 7 * DAY);
  });

  test('keeps all sums at every level, and of every service port', () => {
    const store = memory();
    run(store, 14 * MINUTE);
    for (const [from, servicePort] of [
      [START, undefined],
      [START - HOUR, undefined],
      [START, 'shop/cart:http/TCP'],
    ] as const) {
      const { points } = store.history({ kind: 'history', from, to: now, servicePort });
      const sum = (figure: 'opened' | 'bytesToBackend') => points.reduce((all, point) => all + point[figure], 0);
      expect([sum('opened'), sum('bytesToBackend')]).toEqual([840, 8400]);
      expect(new Set(points.map(({ open }) => open))).toEqual(new Set([4]));
    }
    run(store, 60 * MINUTE);
    for (const [hours, most] of [
      [0.5, 10_000],
      [1, 10_000],
    ] as const) {
      const from = now - hours * HOUR;
      const { points, stepMilliseconds } = store.history({ kind: 'history', from: from + 1, to: now });
      expect(stepMilliseconds).toBe(most);
      expect(points.reduce((all, { opened }) => all + opened, 0)).toBe(hours * 3600);
    }
    expect(store.history({ kind: 'history', from: START, to: now, servicePort: 'shop/none:x/TCP' }).points).toEqual([]);
  });

  test('sums neighbours when the points would be too many, and loses none', () => {
    const store = memory();
    run(store, 2 * DAY, MINUTE);
    const { points, stepMilliseconds } = store.history({ kind: 'history', from: 0, to: now });
    expect(stepMilliseconds).toBe(2 * MINUTE);
    expect(points.length).toBeLessThanOrEqual(MOST_POINTS);
    expect(points.reduce((all, { opened }) => all + opened, 0)).toBe(2 * 24 * 3600);
    expect(points[10]).toMatchObject({ opened: 120, open: 4 });
  });

  test('has no point where nobody had news', () => {
    const store = memory();
    run(store, 10_000);
    now += 30_000;
    run(store, 10_000);
    const { points } = store.history({ kind: 'history', from: START + 1, to: now });
    expect(points.map(({ at }) => (at - START) / 1000)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50,
    ]);
  });
});

describe('a moment', () => {
  test('is the nearest known at or before the time, as it was shown', () => {
    const store = memory();
    run(store, 5000);
    const row = Float64Array.from([1, 2, 3, 4, 5, 6, 7_000_000_000, 8, 9, 10.25, 0.01, 123_456_789, 12, 13.5]);
    const rows = new Float64Array([...row, ...row.map((figure) => figure * 2)]);
    store.add(
      step(now + 1000, 1, {
        serials: Uint32Array.of(7, 9),
        rows,
        folded: 3,
        define: [
          [7, nameOf(7)],
          [9, nameOf(9)],
        ],
      }),
    );
    const moment = store.moment({ kind: 'moment', at: now + 1700 });
    expect(moment).toMatchObject({ at: now + 1000, stepMilliseconds: 1000, folded: 3 });
    expect(moment?.edges.map(([name, [, ...figures]]) => [name, figures])).toEqual([
      [nameOf(7), [...row]],
      [nameOf(9), [...row.map((figure) => figure * 2)]],
    ]);
    expect(store.moment({ kind: 'moment', at: now })).toMatchObject({ at: now, edges: { length: 1 } });
    expect(store.moment({ kind: 'moment', at: START - 1 })).toBeUndefined();
  });

  test('of long ago is coarser: of ten seconds exactly as shown at their end, of a minute with the means of its rates', () => {
    const store = memory();
    const rate = (at: number) => (at - START) / 1000;
    for (let second = 1; second <= 30 * 60; second++) {
      now = START + second * 1000;
      store.add(step(now, 1, { rows: Float64Array.from([0, second, ...new Array<number>(11).fill(0), rate(now)]) }));
    }
    const ten = store.moment({ kind: 'moment', at: START + 100_500 });
    expect(ten).toMatchObject({ at: START + 100_000, stepMilliseconds: 10_000 });
    expect([ten?.edges[0]?.[1][2], ten?.edges[0]?.[1][14]]).toEqual([100, 100]);
    for (; now < START + 7 * HOUR; now += MINUTE) store.add(step(now, 1));
    const minute = store.moment({ kind: 'moment', at: START + 150_000 });
    expect(minute).toMatchObject({ at: START + 120_000, stepMilliseconds: MINUTE });
    expect([minute?.edges[0]?.[1][2], minute?.edges[0]?.[1][14]]).toEqual([120, (70 + 80 + 90 + 100 + 110 + 120) / 6]);
  });
});

describe('room', () => {
  test('is bounded: the oldest of the finest goes first, names that no step has go with it', () => {
    const store = memory(16);
    const lasting = Array.from({ length: 200 }, (_, i) => i + 10);
    store.add(step(START + 1, 0, { define: lasting.map((edge) => [edge, nameOf(edge)]) }));
    for (let second = 1; second <= 800; second++) {
      now += 1000;
      const passing = 1000 + second;
      const edges = [...lasting, passing];
      // noise does not compress
      const rows = Float64Array.from({ length: edges.length * SHOWN }, (_, i) => (i * 2_654_435_761 * second) % 1e9);
      store.add(step(now, 1, { edges, rows, define: [[passing, nameOf(passing)]], forget: [passing] }));
      expect(store.bytes).toBeLessThanOrEqual(8 * MEGABYTE);
    }
    const { points, stepMilliseconds } = store.history({ kind: 'history', from: START, to: now });
    expect([stepMilliseconds, points.length]).toEqual([10_000, 80]);
    const finest = store.history({ kind: 'history', from: now - 5000, to: now });
    expect([finest.stepMilliseconds, finest.points.length]).toEqual([1000, 6]);
    expect(store.moment({ kind: 'moment', at: now })?.edges).toHaveLength(201);
  });

  test('an edge that was quiet for weeks still has its name', () => {
    const store = memory();
    store.add(step(START + 1000, 1, { edges: [1, 2], define: [[2, nameOf(2)]] }));
    now = START + 1000;
    run(store, 9 * DAY, 30 * MINUTE);
    store.add(step(now + 1000, 1, { edges: [2] }));
    expect(store.moment({ kind: 'moment', at: now + 1000 })?.edges[0]?.[0]).toEqual(nameOf(2));
  });

  test('a step with an edge that has no name is refused whole; what follows is kept', () => {
    const store = memory();
    expect(() => store.add(step(START + 1000, 5, { edges: [77] }))).toThrow('edge 77 of the step has no name');
    expect(() => store.add(step(START + 2000, 5))).toThrow('edge 1 of the step has no name');
    store.add(step(START + 3000, 5, { define: [[1, nameOf(1)]] }));
    expect(
      store.history({ kind: 'history', from: START, to: START + 9000 }).points.map(({ at }) => at - START),
    ).toEqual([0, 3000]);
  });
});

describe('a file', () => {
  const open = (file: string) => {
    const { database, trouble } = openDatabase(HISTORY_FORM, file, START);
    const store = new HistoryStore(database, 64 * MEGABYTE);
    stores.push(store);
    return { store, trouble };
  };
  const close = (store: HistoryStore) => {
    stores.splice(stores.indexOf(store), 1);
    store.close();
  };

  test('keeps the past over a restart, also the seconds that made no whole minute yet, and is for its user alone', () => {
    const file = join(directory, 'history.db');
    const { store } = open(file);
    store.add(step(START, 0, { define: [[1, nameOf(1)]] }));
    run(store, 20_000);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    close(store);
    const again = open(file);
    expect(again.trouble).toBeUndefined();
    expect(again.store.history({ kind: 'history', from: START, to: now }).points).toHaveLength(21);
    expect(again.store.moment({ kind: 'moment', at: now })?.edges[0]?.[0]).toEqual(nameOf(1));
  });

  test('that another hub has open is not touched: the history is then in memory', () => {
    const file = join(directory, 'history.db');
    const { store } = open(file);
    store.add(step(START, 0, { define: [[1, nameOf(1)]] }));
    const second = open(file);
    expect(second.trouble).toMatch(/locked.*in memory only/);
    expect(second.store.moment({ kind: 'moment', at: now })).toBeUndefined();
  });

  test.each([
    ['text', () => Buffer.from('a letter to my aunt, longer than a hundred bytes '.repeat(9))],
    ['another program’s database', () => foreignDatabase()],
  ])('that is %s stays as it is: the history is then in memory', (_what, make) => {
    const file = join(directory, 'foreign');
    writeFileSync(file, make());
    const before = readFileSync(file);
    const { store, trouble } = open(file);
    expect(trouble).toMatch(/foreign is not a history of ours; it is left as it is\. .*in memory only/);
    store.add(step(START, 0, { define: [[1, nameOf(1)]] }));
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(directory).filter((name) => !name.startsWith('foreign.db'))).toEqual(['foreign']);
  });

  test('that is damaged, or of another version, is set aside, and a new one begins', () => {
    const file = join(directory, 'history.db');
    const first = open(file).store;
    first.add(step(START, 0, { define: [[1, nameOf(1)]] }));
    run(first, 30_000);
    close(first);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length / 2).fill(0xa5, 4096));
    const second = open(file);
    expect(second.trouble).toMatch(/history\.db is damaged .*: it is now .*broken-.*, and a new history begins/);
    second.store.add(step(START, 0, { define: [[1, nameOf(1)]] }));
    close(second.store);
    const old = new DatabaseSync(file);
    old.exec('PRAGMA user_version = 99');
    old.close();
    rmSync(join(directory, readdirSync(directory).find((name) => name.includes('broken')) as string));
    expect(open(file).trouble).toMatch(/tables of version 99 instead of 1: it is now .*broken/);
    expect(existsSync(file)).toBe(true);
  });

  test('that cannot be made is no reason to end', () => {
    expect(open(join(directory, 'no', 'such', 'folder')).trouble).toMatch(/ENOENT.*in memory only/);
    expect(open(directory).trouble).toMatch(/EISDIR.*in memory only/);
  });

  function foreignDatabase(): Buffer {
    const file = join(directory, 'foreign.db');
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE recipe (text)');
    database.close();
    return readFileSync(file);
  }
});

test('rows come out of their bytes as they went in, rounded to their scale', () => {
  const figure = fc.double({ min: 0, max: 1e13, noNaN: true });
  const scales = POINT.map((_, i) => [1, 10, 100][i % 3] as number);
  const packed = new PackedRows(scales);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(), { maxLength: 30 }), fc.infiniteStream(figure), (ids, figures) => {
      ids.sort((a, b) => a - b);
      const rows = Float64Array.from({ length: ids.length * scales.length }, () => figures.next().value as number);
      const out = packed.unpack(packed.pack(ids, rows));
      expect(out.ids).toEqual(ids);
      const rounded = [...rows].map(
        (value, i) => Math.round(value * (scales[i % scales.length] as number)) / (scales[i % scales.length] as number),
      );
      expect([...out.rows]).toEqual(rounded);
    }),
    { seed: 20261123 },
  );
  expect(() => packed.unpack(packed.pack([1], new Float64Array(scales.length)).subarray(0, 8))).toThrow();
});
