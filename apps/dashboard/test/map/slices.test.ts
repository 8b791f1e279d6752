import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { City } from '../../src/city/city.ts';
import { finish, type Slices } from '../../src/city/slices.ts';
import { type Survey, surveyCity } from '../../src/city/survey.ts';
import { planOf } from '../../src/live/map-plan.ts';
import { PlanMemory } from '../../src/live/plans.ts';
import { EVERYWHERE } from '../../src/map/levels.ts';
import type { Lens, Scene } from '../../src/map/scene.ts';
import { cityOf } from './city-of.ts';
import { largeCity } from './large-city.ts';

const LARGE = largeCity({ seed: 6, namespaces: 20, services: 100, pods: 1000, nodes: 20, edges: 6000 });
const wanted = { focus: EVERYWHERE, metric: 'connections' } as const;

// A store that keeps nothing: every memory begins empty.
beforeAll(() => void vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined }));
afterAll(() => void vi.unstubAllGlobals());

/** How often the work rested. */
function rests(work: Slices<unknown>): number {
  let count = 0;
  while (!work.next().done) count += 1;
  return count;
}

/** The same city a second later: one edge has other figures. */
function later(city: City): City {
  const [id = '', edge] = [...city.edge][7] ?? [];
  return { ...city, edge: new Map(city.edge).set(id, { ...(edge as NonNullable<typeof edge>), openedPerSecond: 99 }) };
}

describe.each(['services', 'nodes'] as const)('the %s lens in slices', (lens: Lens) => {
  const build = (memory: PlanMemory, survey: Survey): { ground: object; scene: Scene } => {
    const plan = finish(planOf(lens, survey, survey, memory, false));
    return { ground: plan.ground, scene: finish(plan.scene(survey, wanted)) };
  };

  it('rests many times while it is laid out and while its scene is made', () => {
    const survey = surveyCity(LARGE);
    const memory = new PlanMemory();
    // Once for every namespace, and for every sixteen junctions.
    expect(rests(planOf(lens, survey, survey, memory, false))).toBeGreaterThan(5);
    const plan = finish(planOf(lens, survey, survey, memory, false));
    // At least once for 512 edges in each of the walks over all of them.
    expect(rests(plan.scene(survey, wanted))).toBeGreaterThan((2 * 6000) / 512);
  });

  it('lays out nothing and finds no way anew when only figures change', () => {
    const memory = new PlanMemory();
    const survey = surveyCity(LARGE);
    const before = build(memory, survey);
    const now = surveyCity(later(LARGE), survey);
    expect(rests(planOf(lens, now, now, memory, false))).toBe(0);
    const after = build(memory, now);
    expect(after.ground).toBe(before.ground);
    const paths = new Map(before.scene.roads.map(({ id, path }) => [id, path]));
    const kept = after.scene.roads.filter(({ id, path }) => paths.get(id) === path);
    // One road may have come in for one that was not among the busiest any more.
    expect(kept.length).toBeGreaterThanOrEqual(after.scene.roads.length - 1);
    expect(kept.length).toBeGreaterThan(100);
    const folds = new Set(before.scene.districts.flatMap(({ folded }) => folded ?? []));
    expect(after.scene.roads.reduce((sum, { rate }) => sum + rate, 0)).not.toBe(
      before.scene.roads.reduce((sum, { rate }) => sum + rate, 0),
    );
    expect(folds.size).toBe(new Set(after.scene.districts.flatMap(({ folded }) => folded ?? [])).size);
  });

  it('is laid out again after work that was left undone', () => {
    const memory = new PlanMemory();
    const survey = cityOf(5);
    const left = planOf(lens, survey, survey, memory, false);
    left.next();
    left.return(undefined as never);
    expect(build(memory, survey).scene).toEqual(build(new PlanMemory(), survey).scene);
  });
});
