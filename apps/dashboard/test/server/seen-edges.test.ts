import { type EdgeName, MOST_SEEN } from '@kubecity/protocol';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../server/history/database-file.ts';
import { History } from '../../server/history/history.ts';
import { HISTORY_FORM, HistoryStore } from '../../server/history/history-store.ts';
import { SeenEdges, seenBetween } from '../../server/history/seen-edges.ts';
import { type HistoryStep, POINT } from '../../server/history/step.ts';
import { hubMetrics } from '../../server/metrics.ts';
import { SHOWN } from '../../server/traffic/shown-edges.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const START = 20_000 * 24 * 60 * MINUTE;

const nameOf = (serial: number): EdgeName => ({
  client: { kind: 'pod', id: `pod:uid-${serial}`, label: `shop/web-${serial}`, node: 'node-a' },
  service: 'shop/cart',
  servicePort: 'shop/cart:http/TCP',
  backend: `shop/cart:http/TCP|10.0.0.${serial}:8080`,
});

/** A shown row without its id: so many opened since the hub began, so many of them moving. */
const row = (opened: number, moving = 0, failed = 0) => {
  const figures = new Array<number>(SHOWN).fill(0);
  figures[1] = moving;
  figures[6] = opened;
  figures[7] = failed;
  figures[8] = 2 * failed;
  return figures;
};

/** @param totals of edges 1, 2, …; undefined where one is not in the step */
function step(at: number, totals: readonly (number | undefined)[], more: Partial<HistoryStep> = {}): HistoryStep {
  const there = totals.flatMap((total, i) => (total === undefined ? [] : [[i + 1, total] as const]));
  const city = new Float64Array(POINT.length);
  city[0] = 5;
  return {
    at,
    city,
    ports: [],
    portSums: new Float64Array(),
    serials: Uint32Array.from(there, ([serial]) => serial),
    rows: Float64Array.from(there.flatMap(([, total]) => row(total, 2))),
    folded: 0,
    define: [1, 2, 3].map((serial) => [serial, nameOf(serial)]),
    forget: [],
    ...more,
  };
}

const stores: HistoryStore[] = [];
function memory(): HistoryStore {
  const store = new HistoryStore(openDatabase(HISTORY_FORM, undefined, START).database, 64 * 1024 * 1024);
  stores.push(store);
  return store;
}
afterEach(() => {
  for (const store of stores.splice(0)) store.abandon();
});

/** Opened connections by the last digit of the backend's address. */
async function seen(store: HistoryStore, from: number, to: number) {
  const answer = await seenBetween(store, from, to);
  if (!answer) throw new Error('nothing is known of that time');
  const { clients, backends, ...rest } = answer;
  const edges = answer.edges.map(([client, backend, ...figures]) => {
    const name = { client: clients[client], ...backends[backend] };
    const serial = Number(/(\d+):8080$/.exec(name.backend ?? '')?.[1]);
    expect(name).toEqual(nameOf(serial));
    return [serial, ...figures];
  });
  return { ...rest, edges };
}

describe('who spoke with whom', () => {
  test('is counted from totals, so steps that fold an edge lose nothing of it', async () => {
    const store = memory();
    store.add(step(START, [100, undefined]));
    store.add(step(START + SECOND, [103, 4]));
    store.add(step(START + 2 * SECOND, [undefined, 6], { folded: 1 }));
    store.add(step(START + 3 * SECOND, [110, undefined], { folded: 1 }));
    expect(await seen(store, START + 500, START + 9 * SECOND)).toEqual({
      kind: 'seen',
      from: START,
      to: START + 3 * SECOND,
      edges: [
        [1, 10, 2, START + 3 * SECOND, 0, 0],
        [2, 6, 2, START + 2 * SECOND, 0, 0],
      ],
      folded: 1,
      opened: 15,
    });
  });

  test('goes on where an edge begins anew: gone for a while, or the dashboard was restarted', async () => {
    const store = memory();
    store.add(step(START, [10, 7]));
    store.add(step(START + SECOND, [undefined, 9]));
    store.add(step(START + 2 * SECOND, [12, 1]));
    const { edges } = await seen(store, START, START + 9 * SECOND);
    expect(edges).toEqual([
      [1, 12, 2, START + 2 * SECOND, 0, 0],
      [2, 3, 2, START + 2 * SECOND, 0, 0],
    ]);
  });

  test('tells how many of them failed, counted on in the same way', async () => {
    const store = memory();
    const failing = (at: number, opened: number, failed: number) =>
      store.add(step(at, [opened], { rows: Float64Array.from(row(opened, 2, failed)) }));
    failing(START, 100, 50);
    failing(START + SECOND, 110, 53);
    // the dashboard was restarted
    failing(START + 2 * SECOND, 4, 1);
    const { edges } = await seen(store, START, START + 9 * SECOND);
    expect(edges).toEqual([[1, 14, 2, START + 2 * SECOND, 4, 8]]);
  });

  test('of an edge that appears in folded steps only what is known for sure is counted', async () => {
    const store = memory();
    store.add(step(START, [1, undefined], { folded: 3 }));
    store.add(step(START + SECOND, [undefined, 50], { folded: 3 }));
    store.add(step(START + 2 * SECOND, [undefined, 51], { folded: 2 }));
    expect(await seen(store, START, START + 9 * SECOND)).toMatchObject({
      edges: [[2, 1, 2, START + 2 * SECOND, 0, 0]],
      folded: 3,
    });
  });

  test('is known for hours from coarser steps, and to the second at their end', async () => {
    const store = memory();
    for (let second = 0; second <= 40 * 60 + 7; second++) store.add(step(START + second * SECOND, [second, undefined]));
    const from = START + 60 * SECOND;
    const { edges, ...rest } = await seen(store, from, START + 60 * MINUTE);
    expect(rest).toMatchObject({ from, to: START + (40 * 60 + 7) * SECOND, folded: 0 });
    expect(edges).toEqual([[1, 40 * 60 + 7 - 60, 2, rest.to, 0, 0]]);
    expect(rest.opened).toBe(5 * (40 * 60 + 7 - 60));
    expect((await seen(store, 0, START + 10 * MINUTE)).edges[0]?.[1]).toBeGreaterThan(9 * 60);
    expect(await seenBetween(memory(), 0, START)).toBeUndefined();
  });

  test('is bounded: the busiest are told, the others counted', () => {
    const all = new SeenEdges();
    const ids = Array.from({ length: 5 * MOST_SEEN }, (_, i) => i + 1);
    const rows = (factor: number) => {
      const figures = new Float64Array(ids.length * SHOWN);
      for (const id of ids) figures[(id - 1) * SHOWN + 6] = id * factor;
      return figures;
    };
    all.add({ at: 1, ids, rows: rows(1), folded: 0, opened: 0 });
    all.add({ at: 2, ids, rows: rows(2), folded: 0, opened: 9 });
    const answer = all.answer(nameOf);
    expect(answer?.edges).toHaveLength(MOST_SEEN);
    expect(answer?.folded).toBeGreaterThanOrEqual(4 * MOST_SEEN);
    const counts = answer?.edges.map(([, , opened]) => opened) ?? [];
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    // one that was let go and came back is not taken for new
    expect(Math.max(...counts)).toBeLessThanOrEqual(5 * MOST_SEEN);
  });
});

test('the thread of the history answers, one question after another, and steps are kept between', async () => {
  const history = new History({ megabytes: 64, log: pino({ level: 'silent' }), metrics: hubMetrics() });
  const ask = () => history.ask({ kind: 'seen', from: START, to: START + MINUTE });
  expect(await ask()).toMatchObject({ kind: 'refused', code: 'not-found' });
  for (const second of [0, 1, 2]) history.add(step(START + second * SECOND, [second]));
  for (const answer of await Promise.all([ask(), ask()])) {
    expect(answer).toMatchObject({
      kind: 'seen',
      clients: [nameOf(1).client],
      edges: [[0, 0, 2, 2, START + 2 * SECOND, 0, 0]],
      opened: 10,
    });
  }
  await history.close();
});
