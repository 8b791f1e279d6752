import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { peakOf, type SparkBox, type Stretch, sparkPath, thinned } from '../../src/city/sparkline.ts';
import { NO_TRAFFIC } from '../../src/city/traffic.ts';
import { joined, seen, type TrendPoint, trendOf } from '../../src/city/trend.ts';

const BOX: SparkBox = { from: 0, until: 900_000, width: 80, height: 20 };
const traffic = (opened: number) => ({ ...NO_TRAFFIC, openedPerSecond: opened, moving: 2, idle: 3 });

/** `[command, x, y]` */
const steps = (path: string) =>
  [...path.matchAll(/([ML])([\d.]+) ([\d.]+)/g)].map(([, command, x, y]) => [command, Number(x), Number(y)] as const);

const stretches = fc
  .array(
    fc.tuple(
      fc.integer({ min: 1, max: 20_000 }),
      fc.integer({ min: 1, max: 40_000 }),
      fc.double({ min: 0, max: 1e6, noNaN: true }),
    ),
    {
      minLength: 1,
      maxLength: 60,
    },
  )
  .map((parts) => {
    let at = 0;
    return parts.map(([pause, length, value]): Stretch => {
      const from = at + pause;
      at = from + length;
      return { from, until: at, value };
    });
  });

describe('sparkline', () => {
  it('stays in its box and runs forward, and its highest point is the peak', () => {
    fc.assert(
      fc.property(stretches, (given) => {
        const drawn = steps(sparkPath(given, BOX));
        for (const [, x, y] of drawn) {
          expect(x).toBeGreaterThanOrEqual(0);
          expect(x).toBeLessThanOrEqual(BOX.width);
          expect(y).toBeGreaterThanOrEqual(0);
          expect(y).toBeLessThanOrEqual(BOX.height);
        }
        const xs = drawn.map(([, x]) => x);
        expect(xs).toEqual([...xs].sort((a, b) => a - b));
        if (peakOf(given) > 0) expect(Math.min(...drawn.map(([, , y]) => y))).toBe(1);
      }),
      { seed: 3 },
    );
  });

  it('more is higher, and a time in which nothing was seen is a gap', () => {
    const path = sparkPath(
      [
        { from: 0, until: 60_000, value: 1 },
        { from: 60_000, until: 120_000, value: 2 },
        { from: 600_000, until: 660_000, value: 4 },
      ],
      BOX,
    );
    const drawn = steps(path);
    expect(drawn.filter(([command]) => command === 'M')).toHaveLength(2);
    const [low, , middle, , high] = drawn.map(([, , y]) => y) as number[];
    expect(middle).toBeLessThan(low as number);
    expect(high).toBeLessThan(middle as number);
  });

  it('thinning keeps the mean: value × time is the same before and after', () => {
    fc.assert(
      fc.property(stretches, (given) => {
        const inside = given.filter(({ from, until }) => from < BOX.until && until > BOX.from);
        const parts = thinned(given, BOX, 30);
        expect(parts.length).toBeLessThanOrEqual(30);
        if (inside.length === 0) return expect(parts).toEqual([]);
        expect(peakOf(parts)).toBeLessThanOrEqual(peakOf(inside) * (1 + 1e-9));
        expect(Math.min(...parts.map(({ value }) => value))).toBeGreaterThanOrEqual(
          Math.min(...inside.map(({ value }) => value)) * (1 - 1e-9),
        );
      }),
      { seed: 4 },
    );
  });
});

describe('trend', () => {
  it('a page’s own ring begins where it began, tells no moment twice and shows a silence', () => {
    let ring: readonly TrendPoint[] = [];
    for (const at of [10_000, 11_000, 11_000, 12_000, 60_000]) ring = seen(ring, at, traffic(at / 1000));
    expect(ring.map(({ from, until }) => [from, until])).toEqual([
      [9000, 10_000],
      [10_000, 11_000],
      [11_000, 12_000],
      [59_000, 60_000],
    ]);
    expect(ring.at(-1)).toMatchObject({ opened: 60, open: 5 });
  });

  it('a ring is bounded', () => {
    let ring: readonly TrendPoint[] = [];
    for (let at = 1000; at <= 2_000_000; at += 1000) ring = seen(ring, at, traffic(1));
    expect(ring).toHaveLength(900);
    expect(ring.at(-1)?.until).toBe(2_000_000);
  });

  const point = (at: number, opened: number) => ({
    at,
    opened,
    refused: 0,
    unanswered: 0,
    bytesToBackend: 100,
    bytesToClient: 300,
    packets: 1,
    open: 7,
  });

  it('the memory of two ports is their sum, per second, over the step that ends at its time', () => {
    const histories = [
      { stepMilliseconds: 10_000, points: [point(10_000, 20), point(20_000, 40)] },
      { stepMilliseconds: 10_000, points: [point(10_000, 10), point(20_000, 0)] },
    ];
    expect(trendOf(histories)).toEqual([
      { from: 0, until: 10_000, opened: 3, open: 14, bytes: 80, refused: 0 },
      { from: 10_000, until: 20_000, opened: 4, open: 14, bytes: 80, refused: 0 },
    ]);
  });

  it('what the page saw goes on where the memory ends, nothing twice', () => {
    const remembered = trendOf([{ stepMilliseconds: 1000, points: [point(1000, 1), point(2000, 2)] }]);
    const ring = [1000, 2000, 3000].reduce<readonly TrendPoint[]>((all, at) => seen(all, at, traffic(9)), []);
    expect(joined(remembered, ring).map(({ until, opened }) => [until, opened])).toEqual([
      [1000, 1],
      [2000, 2],
      [3000, 9],
    ]);
  });
});
