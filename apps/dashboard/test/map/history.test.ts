import type { HistoryPoint } from '@kubecity/protocol';
import { describe, expect, it } from 'vitest';
import { binned, linePoints, pointAt, pointFrom, runsOf, silencesOf } from '../../src/city/history.ts';

const point = (at: number, opened: number): HistoryPoint => ({
  at,
  opened,
  refused: opened / 10,
  unanswered: 0,
  bytesToBackend: opened * 100,
  bytesToClient: opened * 300,
  packets: opened * 4,
  open: 1,
});
const tick = (at: number, openedPerSecond: number) => ({ at, openedPerSecond, bytesPerSecond: 0, refusedPerSecond: 0 });
const history = { stepMilliseconds: 10_000, points: [point(10_000, 50), point(20_000, 70), point(50_000, 20)] };
const rates = (points: readonly { at: number; openedPerSecond: number }[]) =>
  points.map(({ at, openedPerSecond }) => [at, openedPerSecond]);

describe('linePoints', () => {
  it('makes rates of sums and goes on with what the stream told since', () => {
    const points = linePoints(history, [tick(60_000, 4), tick(35_000, 9), tick(55_000, 3)], 0);
    expect(rates(points)).toEqual([
      [0, 5],
      [10_000, 7],
      [40_000, 2],
      [50_000, 3],
      [55_000, 4],
    ]);
    expect(points[1]).toMatchObject({ refusedPerSecond: 0.7, bytesPerSecond: 2800, until: 20_000 });
  });

  it('is the stream alone when the hub remembers nothing, and never older than asked for', () => {
    expect(rates(linePoints(undefined, [tick(10_000, 1), tick(5000, 2)], 0))).toEqual([
      [0, 2],
      [5000, 1],
    ]);
    expect(rates(linePoints(history, [], 20_000))).toEqual([[40_000, 2]]);
  });
});

describe('binned', () => {
  it('takes means weighed by time, and keeps every connection', () => {
    const points = linePoints(history, [], 0);
    const bins = binned(points, 3_600_000, 180);
    expect(rates(bins)).toEqual([
      [0, 6],
      [40_000, 2],
    ]);
    const total = (all: typeof points) =>
      all.reduce((sum, p) => sum + (p.openedPerSecond * (p.until - p.at)) / 1000, 0);
    expect(total(bins)).toBe(140);
    expect(total(points)).toBe(140);
  });

  it('is at most as many as there is room for', () => {
    const many = linePoints(
      { stepMilliseconds: 1000, points: Array.from({ length: 900 }, (_, i) => point((i + 1) * 1000, 1)) },
      [],
      0,
    );
    for (const most of [60, 300, 2000]) expect(binned(many, 900_000, most).length).toBeLessThanOrEqual(most);
    expect(binned(many, 900_000, 2000)).toHaveLength(900);
  });
});

describe('runsOf', () => {
  it('draws nothing where nothing was heard', () => {
    expect(runsOf(linePoints(history, [], 0)).map((run) => run.length)).toEqual([2, 1]);
    expect(runsOf([])).toEqual([]);
  });

  it('says of what nothing is known: gaps, and what is older than the oldest', () => {
    const points = linePoints(history, [], 0);
    expect(silencesOf(points, 0, 60_000)).toEqual([{ from: 20_000, until: 40_000 }]);
    expect(silencesOf(points, -30_000, 90_000)).toEqual([
      { from: -30_000, until: 0 },
      { from: 20_000, until: 40_000 },
      { from: 50_000, until: 90_000 },
    ]);
    expect(silencesOf([], 0, 60_000)).toEqual([{ from: 0, until: 60_000 }]);
  });
});

describe('going through time', () => {
  const points = linePoints(history, [], 0);
  it('finds the point of a time, or the nearest', () => {
    expect([-5, 3000, 12_000, 24_000, 33_000, 99_000].map((at) => pointAt(points, at)?.at)).toEqual([
      0, 0, 10_000, 10_000, 40_000, 40_000,
    ]);
    expect(pointAt([], 1)).toBeUndefined();
  });

  it('goes back from live to the newest point, and past it to live again', () => {
    expect(pointFrom(points, undefined, -1)?.at).toBe(40_000);
    expect(pointFrom(points, 40_000, -1)?.at).toBe(10_000);
    expect(pointFrom(points, 10_000, -30)?.at).toBe(0);
    expect(pointFrom(points, 40_000, 1)).toBeUndefined();
    expect(pointFrom(points, 40_000, Number.NEGATIVE_INFINITY)?.at).toBe(0);
    expect(pointFrom(points, 0, Number.POSITIVE_INFINITY)).toBeUndefined();
  });
});
