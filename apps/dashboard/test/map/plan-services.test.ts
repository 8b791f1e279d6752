import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distanceToRect, inset, overlap } from '../../src/map/geometry.ts';
import {
  EMPTY_SERVICES_PLAN,
  type Link,
  type Plot,
  planServices,
  type ServicesPlan,
} from '../../src/map/plan-services.ts';

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

function expectSound(plan: ServicesPlan, all: readonly Plot[]): void {
  const spots = Object.entries(plan.spots);
  expect(spots.map(([id]) => id).sort()).toEqual(all.map(({ id }) => id).sort());
  for (const [i, [, a]] of spots.entries()) {
    for (const [, b] of spots.slice(i + 1)) {
      expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThanOrEqual(a.radius + b.radius);
    }
  }
  const grounds = Object.values(plan.cells).flat();
  for (const [i, a] of grounds.entries()) {
    for (const b of grounds.slice(i + 1)) expect(overlap(inset(a, 1), inset(b, 1))).toBe(false);
  }
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

  it('lays a city of 300 Services', () => {
    const all = Array.from(
      { length: 300 },
      (_, i): Plot => ({ id: `service:n${i % 9}/${i}`, namespace: `n${i % 9}`, radius: 90 }),
    );
    expectSound(planServices(all, [], EMPTY_SERVICES_PLAN), all);
  });
});
