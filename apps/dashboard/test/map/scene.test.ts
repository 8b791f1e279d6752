import { describe, expect, it } from 'vitest';
import { isDirect } from '../../src/city/traffic.ts';
import { blend } from '../../src/map/blend.ts';
import { emphasize } from '../../src/map/emphasis.ts';
import { overlap } from '../../src/map/geometry.ts';
import { hitTester, selectionOf } from '../../src/map/hit.ts';
import { type Label, placeLabels } from '../../src/map/labels.ts';
import { EMPTY_NODES_PLAN } from '../../src/map/plan-nodes.ts';
import { EMPTY_SERVICES_PLAN } from '../../src/map/plan-services.ts';
import { houseDistance, plotRadius, splitRing } from '../../src/map/ring.ts';
import type { Scene } from '../../src/map/scene.ts';
import { lotsOf } from '../../src/map/scene-nodes.ts';
import { plotsOf } from '../../src/map/scene-services.ts';
import { ALL_OF_IT } from '../../src/map/wanted.ts';
import { linksOf, planNodes, planServices, sceneOfNodes, sceneOfServices } from './at-once.ts';
import { cityOf } from './city-of.ts';

const survey = cityOf(5);
const services = sceneOfServices(survey, planServices(plotsOf(survey), linksOf(survey), EMPTY_SERVICES_PLAN));
const { lots, crossings } = lotsOf(survey);
const nodesPlan = planNodes(lots, crossings, EMPTY_NODES_PLAN);
const nodes = sceneOfNodes(survey, nodesPlan);

describe.each([
  ['services', services],
  ['nodes', nodes],
] as const)('the %s lens', (_lens, scene: Scene) => {
  it('shows every Service and every pod once', () => {
    expect(scene.junctions.map(({ service }) => service).sort()).toEqual([...survey.city.service.keys()].sort());
    expect(scene.houses.map(({ podUid }) => podUid).sort()).toEqual([...survey.city.pod.keys()].sort());
  });

  it('sets no house into another, nor into a ring', () => {
    const squares = scene.houses.map(({ x, y, size }) => ({
      x: x - size / 2,
      y: y - size / 2,
      width: size,
      height: size,
    }));
    for (const [i, a] of squares.entries()) for (const b of squares.slice(i + 1)) expect(overlap(a, b)).toBe(false);
    for (const house of scene.houses) {
      for (const ring of scene.junctions) {
        expect(Math.hypot(house.x - ring.x, house.y - ring.y)).toBeGreaterThan(ring.radius + house.size / 2);
      }
    }
  });

  it('carries every edge between different places on a road, direct ones on a footpath', () => {
    const on = (direct: boolean) => new Set(scene.roads.flatMap((road) => (road.direct === direct ? road.edges : [])));
    const edges = [...survey.city.edge];
    expect([...on(false)].sort()).toEqual(edges.flatMap(([id, edge]) => (isDirect(edge) ? [] : [id])).sort());
    // Of the nodes' own probes no path is drawn: within a building there is none, and outside it would lead to every house.
    const paths = edges.filter(([id, edge]) => {
      const ends = survey.ends.get(id);
      const apart = scene.lens === 'services' || ends?.clientPlace !== ends?.backendPlace;
      return isDirect(edge) && edge.client.kind === 'pod' && apart;
    });
    expect([...on(true)].sort()).toEqual(paths.map(([id]) => id).sort());
    expect(paths.length).toBeGreaterThan(3);
    for (const road of scene.roads) expect(road.path.length, road.id).toBeGreaterThan(10);
  });

  it('answers what lies under a point, and a click selects it', () => {
    const test = hitTester(scene);
    for (const junction of scene.junctions) {
      expect(selectionOf(scene, test(junction, 2))).toEqual({ kind: 'service', id: junction.service });
    }
    for (const house of scene.houses) {
      expect(selectionOf(scene, test(house, 2))).toEqual({ kind: 'pod', id: house.podUid });
    }
    expect(test({ x: -9999, y: -9999 }, 2)).toBeUndefined();
  });

  it('lights what a selected Service touches and nothing else', () => {
    const emphasis = emphasize(scene, survey, { kind: 'service', id: 'payments/fraud' });
    expect(emphasis?.touched.has('service:payments/fraud')).toBe(true);
    expect(emphasis?.touched.has('service:shop/web')).toBe(false);
    const lit = scene.roads.filter((road) => emphasis?.touched.has(road.id));
    expect(lit.length).toBeGreaterThan(0);
    for (const road of lit) {
      expect(road.edges.some((id) => survey.city.edge.get(id)?.service === 'payments/fraud')).toBe(true);
    }
    expect(emphasize(scene, survey, undefined)).toBeUndefined();
  });

  it('lights the road and the houses of a selected edge, of a direct one too', () => {
    for (const service of ['payments/fraud', '']) {
      const [id, edge] = [...survey.city.edge].find(
        ([key, one]) =>
          one.service === service && one.client.kind === 'pod' && scene.roads.some((road) => road.edges.includes(key)),
      ) as [string, NonNullable<ReturnType<typeof survey.city.edge.get>>];
      const emphasis = emphasize(scene, survey, { kind: 'edge', id });
      const lit = scene.roads.filter((road) => emphasis?.chosen.has(road.id));
      expect(lit.length).toBeGreaterThan(0);
      expect(lit.every((road) => road.edges.includes(id))).toBe(true);
      expect(emphasis?.touched.has(edge.client.id)).toBe(true);
      expect(emphasis?.touched.has(`pod:${edge.podUid}`)).toBe(true);
    }
  });

  it('ends a change exactly in the new scene', () => {
    expect(blend(scene, scene, 1)).toBe(scene);
    const half = blend(scene, { ...scene, houses: scene.houses.map((house) => ({ ...house, x: house.x + 10 })) }, 0.5);
    expect(half.houses[0]?.x).toBeCloseTo((scene.houses[0]?.x ?? 0) + 5);
  });
});

describe('the nodes lens', () => {
  it('bundles streets per node and junction, and gives those of the selected Service their own', () => {
    const bundled = nodes.roads.filter((road) => road.to === 'service:shop/catalog');
    expect(bundled.every((road) => road.from.startsWith('node:'))).toBe(true);
    const selected = sceneOfNodes(survey, nodesPlan, {
      ...ALL_OF_IT,
      selected: { kind: 'service', id: 'shop/catalog' },
    });
    const alone = selected.roads.filter((road) => road.to === 'service:shop/catalog');
    expect(alone.length).toBeGreaterThan(bundled.length);
    expect(alone.every((road) => road.from.startsWith('pod:'))).toBe(true);
  });
});

describe('splitRing', () => {
  const stand = (i: number, wishedShare: number) => ({
    key: `k${i}`,
    name: `pod-${i}`,
    backends: [],
    wishedShare,
    sign: 'plain' as const,
  });

  it.each([1, 2, 7, 24, 60, 200])('closes the ring and keeps %d houses apart, however the shares lie', (n) => {
    const stands = Array.from({ length: n }, (_, i) => stand(i, i === 0 ? 1 : 0));
    const { segments, middles } = splitRing(stands, () => 0);
    const [first, last] = [segments[0], segments.at(-1)];
    expect((last?.to ?? 0) - (first?.from ?? 0)).toBeCloseTo(2 * Math.PI);
    const at = middles.map((angle, i) => {
      const far = houseDistance(i, n);
      expect(far).toBeLessThan(plotRadius(n));
      return { x: Math.sin(angle) * far, y: Math.cos(angle) * far };
    });
    for (const [i, a] of at.entries()) {
      for (const b of at.slice(i + 1)) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(15);
    }
  });

  it('makes segments as long as the wished shares, apart from the stub everybody has', () => {
    const { segments } = splitRing([stand(0, 0.1), stand(1, 0.3), stand(2, 0.6)], () => 0);
    const lengths = segments.map(({ from, to }) => to - from);
    const stub = (lengths[0] as number) - ((lengths[2] as number) - (lengths[0] as number)) / 5;
    expect(((lengths[1] as number) - stub) / ((lengths[0] as number) - stub)).toBeCloseTo(3);
  });
});

describe('placeLabels', () => {
  const label = (text: string, priority: number, places: Label['places']): Label => ({
    text,
    places,
    size: 12,
    priority,
    weight: 500,
    tone: 'text',
    halo: false,
    dim: false,
  });

  it('lets the important choose first, others give way or go', () => {
    const spot = { x: 100, y: 100 };
    const placed = placeLabels(
      [label('low', 1, [spot]), label('high', 9, [spot]), label('mid', 5, [spot, { x: 100, y: 160 }])],
      () => 40,
    );
    expect(placed.map(({ text, y }) => [text, y])).toEqual([
      ['high', 100],
      ['mid', 160],
    ]);
  });

  it('writes a word smaller to fit its ring, and beside it when that is not enough', () => {
    const ring = {
      ...label('checkout', 1, [
        { x: 0, y: 0 },
        { x: 0, y: 50 },
      ]),
      within: 36,
    };
    expect(placeLabels([ring], () => 40)[0]).toMatchObject({ y: 0, size: 10.8 });
    expect(placeLabels([{ ...ring, within: 33 }], () => 40)[0]).toMatchObject({ y: 50, size: 12 });
    expect(placeLabels([ring], () => 60)[0]).toMatchObject({ y: 50, size: 12 });
  });
});
