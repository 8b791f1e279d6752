import { describe, expect, it } from 'vitest';
import { distanceToPath } from '../../src/map/path.ts';
import { EMPTY_NODES_PLAN } from '../../src/map/plan-nodes.ts';
import { waysOnNodes } from '../../src/map/streets.ts';
import { planNodes } from './at-once.ts';

const SERVICES = ['web', 'cart', 'catalog', 'checkout', 'search', 'payments', 'fraud', 'orders-db', 'sessions', 'dns'];
/** World units: the drawn circle of a junction. */
const DRAWN = 15;

const planOf = (zones: number, nodesPerZone: number) => {
  const lots = Array.from({ length: zones * nodesPerZone }, (_, n) => ({
    node: `node-${n}`,
    zone: `zone-${Math.floor(n / nodesPerZone)}`,
    pods: Array.from({ length: 8 }, (_, i) => `pod-${n}-${i}`),
  }));
  const crossings = SERVICES.map((name, i) => ({
    id: `service:shop/${name}`,
    nodes: lots.flatMap(({ node }, n) => ((n + i) % 3 === 2 ? [] : [node])),
  }));
  return planNodes(lots, crossings, EMPTY_NODES_PLAN);
};

describe('streets of the nodes lens', () => {
  it.each([
    [1, 4],
    [2, 2],
    [2, 3],
    [3, 1],
    [3, 2],
  ])('lead around the junctions that stand in one line: zones %i, nodes in each %i', (zones, nodesPerZone) => {
    const plan = planOf(zones, nodesPerZone);
    const wayOf = waysOnNodes({ plan, gates: [], houses: new Map() });
    const junctions = Object.entries(plan.junctions);
    const runOver = Object.keys(plan.buildings).flatMap((node) =>
      junctions.flatMap(([to]) => {
        const way = wayOf({ from: `node:${node}`, to, direct: false });
        if (!way) throw new Error(`no way from ${node} to ${to}`);
        return junctions.flatMap(([id, at]) =>
          id !== to && distanceToPath(way, at) < DRAWN ? [`${node}→${to}: ${id}`] : [],
        );
      }),
    );
    expect(runOver).toEqual([]);
  });
});
