import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DOT_BUDGET, Dots, lanesOf } from '../../src/map/dots.ts';
import { bowed } from '../../src/map/path.ts';
import type { Metric, Road } from '../../src/map/scene.ts';

const road = (id: string, rate: number, length = 300, backRate = 0): Road => ({
  id,
  from: 'a',
  to: 'b',
  path: bowed({ x: 0, y: 0 }, { x: length, y: 0 }, 0),
  width: 12,
  rate,
  backRate,
  bytes: rate * 1500,
  backBytes: backRate * 1500,
  refused: 0,
  waiting: 0,
  stale: false,
  direct: false,
  minor: false,
  edges: [],
});

const of = (roads: readonly Road[], metric: Metric = 'connections') => ({ roads, metric });

const speedOf = (roads: readonly Road[], id: string, metric?: Metric): number =>
  lanesOf(of(roads, metric)).find((lane) => lane.road.id === id)?.perSecond ?? 0;

const rate = fc.double({ min: 0, max: 50_000, noNaN: true });

describe('lanesOf', () => {
  it('sends strictly more dots for a higher rate, whatever the other roads do', () => {
    fc.assert(
      fc.property(fc.array(rate, { maxLength: 60 }), rate, rate, (others, a, b) => {
        fc.pre(Math.abs(a - b) > 1e-6 * Math.max(a, b, 1e-3));
        const rest = others.map((value, i) => road(`other-${i}`, value));
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        // Another road must share the budget: alone, a road that fills it cannot be told from a fuller one.
        const shared = [...rest, road('quiet', 1)];
        expect(speedOf([...shared, road('it', high)], 'it')).toBeGreaterThan(
          speedOf([...shared, road('it', low)], 'it'),
        );
        const both = [...shared, road('low', low), road('high', high)];
        for (const metric of ['connections', 'bytes'] as const) {
          expect(speedOf(both, 'high', metric)).toBeGreaterThan(speedOf(both, 'low', metric));
        }
      }),
    );
  });

  it('sends none where nothing is opened', () => {
    expect(lanesOf(of([road('a', 0)]))).toEqual([]);
    expect(lanesOf(of([road('a', 0, 300, 2)])).map((lane) => lane.back)).toEqual([true]);
  });
});

describe('Dots', () => {
  it('never has many more than the budget under way, and uses most of it when there is enough to show', () => {
    const dots = new Dots();
    dots.follow(of(Array.from({ length: 200 }, (_, i) => road(`r${i}`, 500))));
    dots.fill();
    for (let i = 0; i < 400; i += 1) {
      dots.move(1 / 60);
      expect(dots.count).toBeLessThanOrEqual(DOT_BUDGET * 1.2);
    }
    expect(dots.count).toBeGreaterThan(DOT_BUDGET * 0.6);
  });

  it('shows the measured rates in the long run', () => {
    const dots = new Dots();
    dots.follow(of([road('slow', 1), road('fast', 8)]));
    const seen = { slow: 0, fast: 0 };
    for (let i = 0; i < 6000; i += 1) {
      dots.move(1 / 60);
      dots.each((_x, _y, lane) => {
        seen[lane.road.id as 'slow' | 'fast'] += 1;
      });
    }
    expect(seen.fast / seen.slow).toBeGreaterThan(2.5);
    expect(seen.slow).toBeGreaterThan(0);
  });

  it('comes to rest when the traffic ends, and drops dots of roads that are gone', () => {
    const dots = new Dots();
    dots.follow(of([road('a', 40)]));
    dots.fill();
    expect(dots.moving).toBe(true);
    expect(dots.count).toBeGreaterThan(0);
    dots.follow(of([road('b', 0)]));
    expect(dots.moving).toBe(false);
    expect(dots.count).toBe(0);
  });
});
