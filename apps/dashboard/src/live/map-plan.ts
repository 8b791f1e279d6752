import type { Slices } from '../city/slices.ts';
import type { Survey } from '../city/survey.ts';
import type { Rect } from '../map/geometry.ts';
import type { Lens, Scene } from '../map/scene.ts';
import { boundsOf as boundsOfNodes, sceneOfNodes } from '../map/scene-nodes.ts';
import { boundsOf as boundsOfServices, sceneOfServices } from '../map/scene-services.ts';
import type { Wanted } from '../map/wanted.ts';
import { type Where, whereOnNodes, whereOnServices } from '../map/where.ts';
import type { PlanMemory } from './plans.ts';

/** One lens over a city that has its places: what is needed to draw it at any zoom. */
export interface MapPlan {
  /** Another value when anything stands elsewhere. */
  readonly ground: object;
  readonly bounds: Rect;
  readonly where: Where;
  readonly scene: (survey: Survey, wanted: Wanted) => Slices<Scene>;
}

/** The ground is laid out for the `whole` city; `past`: what stands now may be missing in it, and keeps its place. */
export function* planOf(lens: Lens, survey: Survey, whole: Survey, memory: PlanMemory, past: boolean): Slices<MapPlan> {
  if (lens === 'services') {
    const plan = yield* memory.services(survey, whole, past);
    return {
      ground: plan,
      bounds: boundsOfServices(plan),
      where: whereOnServices(whole, plan),
      scene: (of, wanted) => sceneOfServices(of, plan, wanted),
    };
  }
  const plan = yield* memory.nodes(whole, past);
  return {
    ground: plan,
    bounds: boundsOfNodes(plan),
    where: whereOnNodes(whole, plan),
    scene: (of, wanted) => sceneOfNodes(of, plan, wanted),
  };
}
