import { describe, expect, it } from 'vitest';
import { surveyCity } from '../../src/city/survey.ts';
import { emphasize } from '../../src/map/emphasis.ts';
import { overlap, type Rect } from '../../src/map/geometry.ts';
import { EVERYWHERE } from '../../src/map/levels.ts';
import { largeCity } from './large-city.ts';
import { nodesLens } from './lenses.ts';

const survey = surveyCity(largeCity({ seed: 6, namespaces: 20, services: 80, pods: 900, nodes: 60, edges: 5000 }));
const lens = nodesLens(survey);
const sceneAt = (level: 'city' | 'district', selected?: { kind: 'node' | 'service'; id: string }) =>
  lens.scene({ focus: { ...EVERYWHERE, level }, metric: 'connections', selected });

const isZone = (id: string) => id.startsWith('zone:');
const bridgesOf = (level: 'city' | 'district') =>
  sceneAt(level).roads.filter(({ from, to }) => isZone(from) && isZone(to));

/** The middle of a zone, where its name stands: a tenth of it each way. */
const wordsOf = ({ x, y, width, height }: Rect): Rect => ({
  x: x + 0.4 * width,
  y: y + 0.4 * height,
  width: 0.2 * width,
  height: 0.2 * height,
});

describe('streets between zones', () => {
  it('are the same whether buildings are drawn or not, one for each pair and way, and carry all that crosses', () => {
    const [far, near] = [bridgesOf('city'), bridgesOf('district')];
    expect(near.map(({ id, rate }) => [id, rate])).toEqual(far.map(({ id, rate }) => [id, rate]));
    // Three zones and what has none, both ways; direct connections beside.
    expect(far.filter(({ direct }) => !direct)).toHaveLength(12);
    const zone = (node: string | undefined) => survey.city.node.get(node ?? '')?.zone;
    let crossing = 0;
    for (const [id, edge] of survey.city.edge) {
      const { clientPlace, clientNode, backendNode, service } = survey.ends.get(id) ?? {};
      const walks = service !== undefined && clientPlace === `node:${clientNode}` && backendNode !== undefined;
      if (walks && zone(clientNode) !== zone(backendNode)) crossing += edge.openedPerSecond;
    }
    expect(crossing).toBeGreaterThan(100);
    const carried = far.filter(({ direct }) => !direct).reduce((sum, { rate }) => sum + rate, 0);
    expect(carried).toBeCloseTo(crossing, 6);
  });

  it('cross no name of a zone, and no two of them lie in one street', () => {
    const names = sceneAt('city').districts.map(({ rect }) => wordsOf(rect));
    const grounds = bridgesOf('city').map(({ path }) => path.ground);
    for (const ground of grounds) expect(names.filter((name) => overlap(name, ground))).toEqual([]);
    for (const [i, ground] of grounds.entries())
      expect(grounds.slice(i + 1).filter((other) => overlap(ground, other))).toEqual([]);
  });

  it('light up with the two zones at their ends when one is selected, and no other', () => {
    const id = 'zone:zone-a→zone:zone-b';
    const lit = emphasize(sceneAt('city'), survey, { kind: 'road', id });
    expect([...(lit?.chosen ?? [])]).toEqual([id]);
    expect([...(lit?.touched ?? [])].filter((one) => one.startsWith('zone:')).sort()).toEqual(
      [id, 'zone:zone-a', 'zone:zone-b'].sort(),
    );
  });

  it('leave the buildings free: of a selected node or Service streets are drawn one by one', () => {
    const plain = sceneAt('district').roads;
    expect(plain.filter(({ from, to }) => from.startsWith('node:') || to.startsWith('node:'))).toEqual([]);
    const node = sceneAt('district', { kind: 'node', id: 'node-3' }).roads;
    const own = node.filter(({ from, to }) => from === 'node:node-3' || to === 'node:node-3');
    expect(own.length).toBeGreaterThan(10);
    expect(
      node.filter(({ from, to }) => !own.some((road) => road.from === from && road.to === to)).length,
    ).toBeLessThan(plain.length + 1);
    const service = sceneAt('district', { kind: 'service', id: 'team-7/svc-7' }).roads;
    expect(service.filter(({ to }) => to === 'service:team-7/svc-7').length).toBeGreaterThan(3);
  });
});
