import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distanceToRect, overlap } from '../../src/map/geometry.ts';
import type { Crossing } from '../../src/map/plan-junctions.ts';
import { EMPTY_NODES_PLAN, type Lot, type NodesPlan, roomRect } from '../../src/map/plan-nodes.ts';
import { planNodes } from './at-once.ts';

const lots = fc
  .array(fc.record({ zone: fc.constantFrom('a', 'b', 'c'), pods: fc.nat(30) }), { minLength: 1, maxLength: 14 })
  .map((all) =>
    all.map(
      ({ zone, pods }, n): Lot => ({
        node: `node-${n}`,
        zone,
        pods: Array.from({ length: pods }, (_, i) => `${n}-${i}`),
      }),
    ),
  );

const crossings = (all: readonly Lot[], count: number): Crossing[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `service:shop/${i}`,
    nodes: all.filter((_, n) => (n + i) % 3 !== 0).map((lot) => lot.node),
  }));

function expectSound(plan: NodesPlan, all: readonly Lot[], streets: readonly Crossing[]): void {
  const walls = Object.values(plan.buildings);
  expect(Object.keys(plan.buildings).sort()).toEqual(all.map(({ node }) => node).sort());
  for (const [i, a] of walls.entries()) for (const b of walls.slice(i + 1)) expect(overlap(a, b)).toBe(false);
  const junctions = Object.values(plan.junctions);
  expect(Object.keys(plan.junctions).sort()).toEqual(streets.map(({ id }) => id).sort());
  for (const [i, a] of junctions.entries()) {
    for (const wall of walls) expect(distanceToRect(a, wall)).toBeGreaterThan(30);
    for (const b of junctions.slice(i + 1)) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(60);
  }
  for (const lot of all) {
    const building = plan.buildings[lot.node];
    if (!building) throw new Error(`${lot.node} has no building`);
    const rooms = lot.pods.map((pod) => plan.rooms[pod] as number);
    expect(new Set(rooms).size).toBe(lot.pods.length);
    for (const room of rooms) {
      const { y, height } = roomRect(building, room);
      expect(y + height).toBeLessThan(building.y + building.height);
    }
  }
}

describe('planNodes', () => {
  it('gives every node a building, every pod a room, every Service a corner, and the same for the same names', () => {
    fc.assert(
      fc.property(lots, fc.nat(40), (all, count) => {
        const streets = crossings(all, count);
        const plan = planNodes(all, streets, EMPTY_NODES_PLAN);
        expectSound(plan, all, streets);
        expect(planNodes([...all].reverse(), [...streets].reverse(), EMPTY_NODES_PLAN)).toEqual(plan);
        expect(planNodes(all, streets, plan)).toEqual(plan);
      }),
      { numRuns: 60 },
    );
  });

  it('moves nothing when one pod comes or goes', () => {
    const all: Lot[] = ['a', 'b', 'c'].map((node) => ({
      node,
      zone: 'z',
      pods: ['cart-1', 'cart-3', 'web-1'].map((pod) => `${node}/${pod}`),
    }));
    const streets = crossings(all, 6);
    const before = planNodes(all, streets, EMPTY_NODES_PLAN);
    const grown = all.map((lot) =>
      lot.node === 'b' ? { ...lot, pods: ['b/cart-1', 'b/cart-2', 'b/cart-3', 'b/web-1'] } : lot,
    );
    const after = planNodes(grown, streets, before);
    expectSound(after, grown, streets);
    expect(after).toMatchObject({ zones: before.zones, buildings: before.buildings, junctions: before.junctions });
    expect(after.rooms).toMatchObject(before.rooms);
    const smaller = grown.map((lot) => ({ ...lot, pods: lot.pods.filter((pod) => pod !== 'b/cart-1') }));
    const { 'b/cart-1': gone, ...rest } = after.rooms;
    expect(gone).toBe(0);
    expect(planNodes(smaller, streets, after).rooms).toEqual(rest);
  });

  it('moves no building when a node goes and another comes', () => {
    const all: Lot[] = Array.from({ length: 9 }, (_, n) => ({
      node: `n${n}`,
      zone: 'ab'[n % 2] as string,
      pods: [`p${n}`],
    }));
    const streets = crossings(all, 5);
    const before = planNodes(all, streets, EMPTY_NODES_PLAN);
    const without = all.filter(({ node }) => node !== 'n2');
    const fewer = planNodes(without, streets, before);
    const { n2: gone, ...rest } = before.buildings;
    expect(fewer.buildings).toEqual(rest);
    expect(fewer.junctions).toEqual(before.junctions);
    const more = planNodes([...without, { node: 'a-new', zone: 'a', pods: ['p'] }], streets, fewer);
    expect(more.buildings).toMatchObject(rest);
    expect(more.buildings['a-new']).toBeDefined();
    expectSound(more, [...without, { node: 'a-new', zone: 'a', pods: ['p'] }], streets);
    expect(gone).toBeDefined();
  });

  it('takes a room that became free again beside its like', () => {
    const lot = (pods: string[]): Lot[] => [{ node: 'a', zone: 'z', pods }];
    const before = planNodes(lot(['cart-1', 'cart-2', 'web-1']), [], EMPTY_NODES_PLAN);
    const without = planNodes(lot(['cart-1', 'web-1']), [], before);
    expect(planNodes(lot(['cart-1', 'cart-9', 'web-1']), [], without).rooms).toEqual({
      'cart-1': 0,
      'cart-9': 1,
      'web-1': 2,
    });
  });
});
