import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filterCity, NO_FILTER } from '../../src/city/filter.ts';
import { type Survey, surveyCity } from '../../src/city/survey.ts';
import { bytesPerSecond } from '../../src/city/traffic.ts';
import { centre, type Rect } from '../../src/map/geometry.ts';
import { EVERYWHERE, type Focus, focusOn, levelAt } from '../../src/map/levels.ts';
import type { Level } from '../../src/map/scene.ts';
import { totalsOf } from '../../src/map/totals.ts';
import { cityOf } from './city-of.ts';
import { gatedCity } from './gated-city.ts';
import { largeCity } from './large-city.ts';
import { nodesLens, servicesLens } from './lenses.ts';

const LEVELS: readonly Level[] = ['city', 'district', 'place'];

/** What a scene must tell, from the city itself. */
function wholeOf({ city, sums }: Survey) {
  return {
    services: city.service.size,
    pods: city.pod.size,
    nodes: city.node.size,
    rate: sums.all.openedPerSecond,
    bytes: bytesPerSecond(sums.all),
    refused: sums.all.refusedPerSecond,
    closed: [...city.pod.values()].filter(({ gates }) => gates?.ingress || gates?.egress).length,
    barred: city.refusal.size,
  };
}

const size = fc.record({
  seed: fc.nat(1e6),
  namespaces: fc.integer({ min: 1, max: 9 }),
  services: fc.integer({ min: 1, max: 40 }),
  pods: fc.integer({ min: 1, max: 160 }),
  nodes: fc.integer({ min: 1, max: 12 }),
  edges: fc.integer({ min: 0, max: 600 }),
});

/** A part of the ground, from nothing of it to all. */
const part = fc.record({
  x: fc.double({ min: -0.2, max: 1, noNaN: true }),
  y: fc.double({ min: -0.2, max: 1, noNaN: true }),
  w: fc.double({ min: 0, max: 1, noNaN: true }),
});
const areaOf = (bounds: Rect, { x, y, w }: { x: number; y: number; w: number }): Rect => ({
  x: bounds.x + x * bounds.width,
  y: bounds.y + y * bounds.height,
  width: w * bounds.width,
  height: w * bounds.height,
});

describe.each([
  ['services', servicesLens],
  ['nodes', nodesLens],
] as const)('levels of the %s lens', (name, lensOf) => {
  it('tell all there is at every level, wherever one looks and whatever the filter: shown and folded are the whole', () => {
    fc.assert(
      fc.property(size, part, fc.boolean(), (of, where, filtered) => {
        const all = gatedCity(largeCity(of), of.seed);
        const { city, folded } = filterCity(all, { ...NO_FILTER, minRate: 4 });
        expect(folded.refusals).toBe(all.refusal.size);
        const survey = surveyCity(filtered ? city : all);
        const lens = lensOf(survey);
        for (const level of LEVELS) {
          for (const area of [EVERYWHERE.area, areaOf(lens.bounds, where)]) {
            const totals = totalsOf(lens.scene({ focus: { level, area }, metric: 'connections' }));
            const whole = wholeOf(survey);
            // The services lens draws no nodes.
            expect(totals).toEqual(name === 'services' ? { ...whole, nodes: 0 } : whole);
          }
        }
        if (!filtered) return;
        const seen = wholeOf(survey);
        expect(seen.pods + folded.pods).toBe(all.pod.size);
        expect(seen.rate + folded.traffic.openedPerSecond).toBe(wholeOf(surveyCity(all)).rate);
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  it('keep everything on its spot', () => {
    const survey = surveyCity(largeCity({ seed: 3, namespaces: 6, services: 30, pods: 200, nodes: 9, edges: 500 }));
    const lens = lensOf(survey);
    const scenes = LEVELS.map((level) => lens.scene({ focus: { ...EVERYWHERE, level }, metric: 'connections' }));
    const spots = new Map<string, unknown>();
    for (const scene of scenes) {
      expect(scene.bounds).toEqual(scenes[0]?.bounds);
      for (const { id, label, rect } of scene.districts) expectSame(spots, `${id} ${label}`, rect);
      for (const { id, rect } of scene.buildings) expectSame(spots, id, rect);
      for (const { id, x, y } of scene.junctions) expectSame(spots, id, { x, y });
      for (const { id, x, y } of scene.houses) expectSame(spots, id, { x, y });
    }
    const counts = scenes.map(
      ({ junctions, buildings, houses }) => junctions.length + buildings.length + houses.length,
    );
    expect(counts[0]).toBe(0);
    expect(counts[1]).toBeGreaterThan(0);
    expect(counts[2]).toBeGreaterThan(counts[1] as number);
  });

  it('say how many backends are drained and reweighted where these are folded', () => {
    const survey = cityOf(5);
    const [first, second] = [...survey.city.backend];
    if (!first || !second) throw new Error('no backends');
    const backend = new Map(survey.city.backend)
      .set(first[0], { ...first[1], draining: true })
      .set(second[0], { ...second[1], weight: 30, overrideUid: 'o' });
    const lens = lensOf(surveyCity({ ...survey.city, backend }));
    for (const level of ['city', 'district'] as const) {
      const { districts, junctions, buildings } = lens.scene({
        focus: { ...EVERYWHERE, level },
        metric: 'connections',
      });
      const folds = [...districts, ...junctions, ...buildings].flatMap(({ folded }) => folded ?? []);
      expect(folds.reduce((sum, { draining }) => sum + draining, 0)).toBe(1);
      expect(folds.reduce((sum, { weighted }) => sum + weighted, 0)).toBe(1);
    }
  });

  it('draw a thousand roads at most, few of them broad, and always those of what is selected', () => {
    const survey = surveyCity(largeCity({ seed: 8, namespaces: 40, services: 160, pods: 900, nodes: 30, edges: 6000 }));
    const lens = lensOf(survey);
    for (const level of LEVELS) {
      const focus = { ...EVERYWHERE, level };
      const plain = lens.scene({ focus, metric: 'connections' });
      expect(plain.roads.length).toBeLessThanOrEqual(1000);
      const [broad, thin] = [false, true].map((minor) =>
        plain.roads.filter((road) => road.minor === minor && !road.direct),
      );
      expect(broad?.length).toBeLessThanOrEqual(260);
      const quietest = Math.min(...(broad ?? []).map(({ rate, backRate }) => rate + backRate));
      expect(thin?.filter(({ rate, backRate }) => rate + backRate > quietest)).toEqual([]);
      expect(plain.roads.length).toBeGreaterThan(3);
    }
    const id = 'team-7/svc-7';
    const scene = lens.scene({ focus: EVERYWHERE, metric: 'connections', selected: { kind: 'service', id } });
    const drawn = new Set(scene.roads.flatMap(({ edges }) => edges));
    const own = [...survey.city.edge].filter(([key, edge]) => {
      const { origin, service } = survey.ends.get(key) ?? {};
      return edge.service === id && origin !== service;
    });
    expect(own.length).toBeGreaterThan(5);
    expect(own.filter(([key]) => !drawn.has(key))).toEqual([]);
  });
});

function expectSame(spots: Map<string, unknown>, id: string, spot: unknown): void {
  if (spots.has(id)) expect(spot, id).toEqual(spots.get(id));
  else spots.set(id, spot);
}

describe('levelAt', () => {
  it('grows finer with the zoom, and does not tremble near a border', () => {
    for (const lens of ['services', 'nodes'] as const) {
      const order = LEVELS.map((level) => LEVELS.indexOf(level));
      const seen = [0.02, 0.1, 0.2, 0.25, 0.3, 0.5, 1].map((zoom) => LEVELS.indexOf(levelAt(lens, zoom)));
      expect(seen).toEqual([...seen].sort());
      expect(new Set(seen)).toEqual(new Set(order));
      let level = levelAt(lens, 0.5);
      const changes: Level[] = [];
      for (let i = 0; i < 400; i += 1) {
        const zoom = 0.5 * 0.985 ** Math.min(i, 200) * (i % 2 === 0 ? 1.01 : 0.99);
        const next = levelAt(lens, zoom, level);
        if (next !== level) changes.push(next);
        level = next;
      }
      expect(changes).toEqual(['district', 'city']);
    }
  });
});

describe('focusOn', () => {
  const seen = { x: 0, y: 0, width: 1000, height: 600 };

  it('stays while one pans a little, and follows when one leaves what was drawn', () => {
    const first = focusOn('services', 1, seen);
    expect(focusOn('services', 1, { ...seen, x: 300 }, first)).toBe(first);
    const far = { ...seen, x: 2000 };
    const next = focusOn('services', 1, far, first);
    expect(next).not.toBe(first);
    expect(overlaps(next, centre(far))).toBe(true);
  });

  it('is the whole city from far away, and one value for all of it', () => {
    const city = focusOn('services', 0.05, seen);
    expect(city.level).toBe('city');
    expect(focusOn('services', 0.06, { ...seen, x: 9e6 }, city)).toBe(city);
  });
});

const overlaps = ({ area }: Focus, { x, y }: { x: number; y: number }): boolean =>
  x >= area.x && y >= area.y && x <= area.x + area.width && y <= area.y + area.height;
