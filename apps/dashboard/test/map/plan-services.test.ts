import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { around, distanceToRect, inset, overlap } from '../../src/map/geometry.ts';
import { EMPTY_SERVICES_PLAN, type ServicesPlan } from '../../src/map/plan-services.ts';
import type { Link, Plot } from '../../src/map/plots.ts';
import { planServices } from './at-once.ts';

const plots = fc
  .uniqueArray(
    fc.record({
      name: fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), minLength: 1, maxLength: 4 }),
      namespace: fc.constantFrom('shop', 'data', 'payments'),
      radius: fc.integer({ min: 40, max: 190 }),
    }),
    { selector: (plot) => `${plot.namespace}/${plot.name}`, minLength: 1, maxLength: 24 },
  )
  .map((all) => all.map((plot): Plot => ({ ...plot, id: `service:${plot.namespace}/${plot.name}` })));

const city = plots.chain((all) =>
  fc.record({
    plots: fc.constant(all),
    links: fc.array(
      fc.record({ from: fc.constantFrom(...all.map(({ id }) => id)), to: fc.constantFrom(...all.map(({ id }) => id)) }),
      { maxLength: 30 },
    ),
  }),
);

const pairsOf = <T>(all: readonly T[]): [T, T][] => all.flatMap((a, i) => all.slice(i + 1).map((b): [T, T] => [a, b]));

function expectSound(plan: ServicesPlan, all: readonly Plot[]): void {
  const spots = Object.entries(plan.spots);
  expect(spots.map(([id]) => id).sort()).toEqual(all.map(({ id }) => id).sort());
  const close = pairsOf(spots).filter(([[, a], [, b]]) => Math.hypot(a.x - b.x, a.y - b.y) < a.radius + b.radius);
  expect(close).toEqual([]);
  const grounds = pairsOf(Object.values(plan.cells).flat());
  expect(grounds.filter(([a, b]) => overlap(inset(a, 1), inset(b, 1)))).toEqual([]);
  for (const plot of all) {
    const cells = plan.cells[plot.namespace] ?? [];
    const spot = plan.spots[plot.id];
    if (!spot) throw new Error(`${plot.id} has no place`);
    expect(cells.some((cell) => distanceToRect(spot, inset(cell, plot.radius)) < 1)).toBe(true);
  }
}

describe('planServices', () => {
  it('gives every plot its own ground within its namespace, and the same city for the same names', () => {
    fc.assert(
      fc.property(city, ({ plots: all, links }) => {
        const plan = planServices(all, links, EMPTY_SERVICES_PLAN);
        expectSound(plan, all);
        expect(planServices([...all].reverse(), links, EMPTY_SERVICES_PLAN)).toEqual(plan);
        expect(planServices(all, links, plan)).toEqual(plan);
      }),
      { numRuns: 40 },
    );
  });

  it('moves nothing when a Service comes or goes', () => {
    const make = (name: string, namespace = 'shop'): Plot => ({
      id: `service:${namespace}/${name}`,
      namespace,
      radius: 80,
    });
    const all = [...'abcdef'].map((name) => make(name)).concat(make('x', 'data'), make('y', 'data'));
    const links: Link[] = [{ from: 'service:shop/a', to: 'service:shop/b' }];
    const before = planServices(all, links, EMPTY_SERVICES_PLAN);
    const grown = [...all, make('g'), make('z', 'payments')];
    const after = planServices(grown, [...links, { from: 'service:shop/a', to: 'service:shop/g' }], before);
    expectSound(after, grown);
    expect(after.spots).toMatchObject(before.spots);
    const { 'service:shop/c': gone, ...rest } = after.spots;
    expect(gone).toBeDefined();
    expect(
      planServices(
        grown.filter(({ id }) => id !== 'service:shop/c'),
        links,
        after,
      ).spots,
    ).toEqual(rest);
  });

  it('never moves what stands, in whatever order a city grows', () => {
    fc.assert(
      fc.property(city, ({ plots: all, links }) => {
        let plan = EMPTY_SERVICES_PLAN;
        for (let n = 1; n <= all.length; n += 1) {
          const next = planServices(all.slice(0, n), links, plan);
          expect(next.spots).toMatchObject(plan.spots);
          plan = next;
        }
        expectSound(plan, all);
      }),
      { numRuns: 30 },
    );
  });

  it('lays a city of 1,000 Services in 200 namespaces, and one of a single namespace', () => {
    for (const namespaces of [200, 1]) {
      const all = Array.from({ length: 1000 }, (_, i): Plot => {
        const namespace = `n${i % namespaces}`;
        return { id: `service:${namespace}/${i}`, namespace, radius: 80 + (i % 3) * 11 };
      });
      const links = all.map(({ id }, i): Link => ({ from: id, to: (all[(i * 7) % 1000] as Plot).id }));
      expectSound(planServices(all, links, EMPTY_SERVICES_PLAN), all);
    }
  });

  it('leaves small namespaces room for their names beside one of hundreds of Services', () => {
    const own = (namespace: string, count: number): Plot[] =>
      Array.from({ length: count }, (_, i) => ({
        id: `service:${namespace}/${i}`,
        name: `${i}`,
        namespace,
        radius: 60,
      }));
    const all = [...own('crowd', 500), ...['a', 'b', 'c', 'd', 'e', 'f'].flatMap((name, i) => own(name, 1 + i))];
    const plan = planServices(all, [], EMPTY_SERVICES_PLAN);
    const grounds = Object.values(plan.cells).flat();
    const city = around(grounds);
    expect(Math.min(...grounds.map(({ width, height }) => Math.min(width, height)))).toBeGreaterThan(city.width / 14);
  });
});
