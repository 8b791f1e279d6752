import { describe, expect, it } from 'vitest';
import { isBundle, lanesOfRoad, lensOfRoad, roadOfNamespaces, streetWithin } from '../../src/city/lanes.ts';
import { surveyCity } from '../../src/city/survey.ts';
import { isAlive, isDirect } from '../../src/city/traffic.ts';
import { emphasize } from '../../src/map/emphasis.ts';
import { EVERYWHERE } from '../../src/map/levels.ts';
import { stopsOf } from '../../src/map/walk.ts';
import { cityOf } from './city-of.ts';
import { largeCity } from './large-city.ts';
import { nodesLens, servicesLens } from './lenses.ts';

const toy = cityOf(5);
const large = surveyCity(largeCity({ seed: 9, namespaces: 5, services: 20, pods: 150, nodes: 9, edges: 900 }));

/** Ids of the edges that run on a road, of direct ones those that are drawn. */
const edgesOn = (survey: typeof toy, road: string): string[] => {
  const laneOf = lanesOfRoad(survey.city, road);
  return [...survey.ends].flatMap(([id, ends]) => {
    const edge = survey.city.edge.get(id);
    const drawn =
      edge && (!isDirect(edge) || (isAlive(edge) && !(lensOfRoad(road) === 'services' && edge.client.kind === 'node')));
    return drawn && laneOf(ends) !== undefined ? [id] : [];
  });
};

describe.each([
  ['services', servicesLens],
  ['nodes', nodesLens],
] as const)('roads of the %s lens', (name, lensOf) => {
  const scene = (survey: typeof toy, level: 'city' | 'place', selected?: string) =>
    lensOf(survey).scene({
      focus: { ...EVERYWHERE, level },
      metric: 'connections',
      ...(selected !== undefined && { selected: { kind: 'road', id: selected } }),
    });

  it.each([
    ['the toy', toy],
    ['a large city', large],
  ])('have the edges that their ids say, from near and from afar: %s', (_, survey) => {
    for (const level of ['city', 'place'] as const) {
      const { roads } = scene(survey, level);
      expect(roads.length).toBeGreaterThan(3);
      for (const road of roads) expect(edgesOn(survey, road.id).sort(), road.id).toEqual([...road.edges].sort());
    }
  });

  it('are bundles from afar and none from near', () => {
    expect(scene(toy, 'place').roads.filter(({ id }) => isBundle(id))).toEqual([]);
    for (const { roads } of [scene(toy, 'city'), scene(large, 'city')]) {
      expect(roads.filter(({ id }) => !isBundle(id))).toEqual([]);
      for (const { id } of roads) expect([name, undefined]).toContain(lensOfRoad(id));
    }
  });

  it('divide into streets that have all of a bundle, each edge once', () => {
    for (const { id, edges } of scene(large, 'city').roads) {
      const laneOf = lanesOfRoad(large.city, id);
      for (const key of edges) {
        const ends = large.ends.get(key);
        if (!ends) throw new Error(`${key} has no ends`);
        const street = streetWithin(id, ends, laneOf(ends) ?? 'back');
        expect(lanesOfRoad(large.city, street)(ends), `${key} on ${street}`).toBeDefined();
      }
    }
  });

  it('are drawn while they are selected, however quiet, and lit where they are drawn as finer ones', () => {
    const all = scene(large, 'city').roads;
    const quiet = all.toSorted((a, b) => a.rate + a.backRate - (b.rate + b.backRate))[0];
    if (!quiet) throw new Error('no road');
    expect(scene(large, 'city', quiet.id).roads.map(({ id }) => id)).toContain(quiet.id);
    const near = scene(large, 'place', quiet.id);
    const touched = emphasize(near, large, { kind: 'road', id: quiet.id })?.touched;
    const lit = near.roads.filter(({ id }) => touched?.has(id));
    const own = new Set(quiet.edges);
    expect(lit).toEqual(near.roads.filter(({ edges }) => edges.some((id) => own.has(id))));
  });

  it('are walked by keyboard where they are bundles', () => {
    const far = scene(toy, 'city');
    const stops = stopsOf(far, EVERYWHERE.area, 1).filter(({ kind }) => kind === 'road');
    expect(stops.map(({ id }) => id).sort()).toEqual(far.roads.map(({ id }) => id).sort());
    expect(stopsOf(scene(toy, 'place'), EVERYWHERE.area, 1).filter(({ kind }) => kind === 'road')).toEqual([]);
  });
});

it('an edge belongs to the road that the services lens draws of it from afar', () => {
  const drawn = servicesLens(large).scene({ focus: { ...EVERYWHERE, level: 'city' }, metric: 'connections' }).roads;
  for (const { id, edges } of drawn) {
    for (const key of edges) {
      const ends = large.ends.get(key);
      expect(ends && roadOfNamespaces(ends), key).toBe(id);
    }
  }
});
