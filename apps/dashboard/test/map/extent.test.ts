import { describe, expect, it } from 'vitest';
import { surveyCity } from '../../src/city/survey.ts';
import { common, extentOf, onScreen } from '../../src/map/extent.ts';
import type { Rect } from '../../src/map/geometry.ts';
import { EVERYWHERE, groundAround } from '../../src/map/levels.ts';
import { largeCity } from './large-city.ts';
import { nodesLens, servicesLens } from './lenses.ts';

const survey = surveyCity(largeCity({ seed: 8, namespaces: 7, services: 40, pods: 200, nodes: 12, edges: 500 }));

describe.each([
  ['services', servicesLens(survey)],
  ['nodes', nodesLens(survey)],
] as const)('the extent of the %s lens', (_, lens) => {
  it.each(['city', 'district', 'place'] as const)('holds all that stands there, %s', (level) => {
    const scene = lens.scene({ metric: 'connections', focus: { ...EVERYWHERE, level } });
    const extent = extentOf(scene);
    const stands: Rect[] = [
      ...[...scene.districts, ...scene.buildings, ...scene.yards].map(({ rect }) => rect),
      ...scene.junctions.map((junction) => groundAround(junction, junction.radius)),
      ...scene.houses.map((house) => groundAround(house, house.size / 2)),
      ...scene.gates.map((gate) => groundAround(gate, 22)),
      ...scene.roads.map(({ path }) => path.ground),
    ];
    expect(stands.length).toBeGreaterThan(7);
    for (const rect of stands) expect(common(extent, rect)).toEqual(rect);
  });
});

it('holds streets that end at a closed gate, wherever they lead along', () => {
  const scene = servicesLens(survey).scene({ metric: 'connections', focus: EVERYWHERE });
  const road = scene.roads[0];
  if (!road) throw new Error('no road in the city');
  const ground = { x: scene.bounds.x - 900, y: scene.bounds.y + 10, width: 1200, height: 30 };
  const refused = { id: 'a', from: 'b', to: 'c', refusals: [], policies: [], path: { ...road.path, ground } };
  const extent = extentOf({ ...scene, barring: { ...scene.barring, streets: [refused] } });
  expect(common(extent, ground)).toEqual(ground);
  expect(common(extentOf(scene), ground)).not.toEqual(ground);
});

it('ground on the screen is moved and scaled, and reaches a little farther', () => {
  const { x, y, width, height } = onScreen({ x: 100, y: 50, zoom: 0.5 }, { x: 200, y: -40, width: 80, height: 60 });
  expect(x).toBeLessThan(200);
  expect(y).toBeLessThan(30);
  expect(x + width).toBeGreaterThan(240);
  expect(y + height).toBeGreaterThan(60);
});

it('what does not touch has nothing in common', () => {
  expect(common({ x: 0, y: 0, width: 10, height: 10 }, { x: 10, y: 0, width: 5, height: 5 })).toBeUndefined();
  const both = common({ x: 0, y: 0, width: 10, height: 10 }, { x: 4, y: -5, width: 20, height: 8 });
  expect(both).toEqual({ x: 4, y: 0, width: 6, height: 3 });
});
