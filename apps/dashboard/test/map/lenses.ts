import type { Survey } from '../../src/city/survey.ts';
import type { Rect } from '../../src/map/geometry.ts';
import { EMPTY_NODES_PLAN } from '../../src/map/plan-nodes.ts';
import { EMPTY_SERVICES_PLAN } from '../../src/map/plan-services.ts';
import type { Scene } from '../../src/map/scene.ts';
import { boundsOf as boundsOfNodes, lotsOf } from '../../src/map/scene-nodes.ts';
import { boundsOf as boundsOfServices, plotsOf } from '../../src/map/scene-services.ts';
import type { Wanted } from '../../src/map/wanted.ts';
import { linksOf, planNodes, planServices, sceneOfNodes, sceneOfServices } from './at-once.ts';

/** One lens over a city, its plan made from nothing. */
export interface Lens {
  readonly bounds: Rect;
  readonly scene: (wanted: Wanted) => Scene;
}

export function servicesLens(survey: Survey): Lens {
  const plan = planServices(plotsOf(survey), linksOf(survey), EMPTY_SERVICES_PLAN);
  return { bounds: boundsOfServices(plan), scene: (wanted) => sceneOfServices(survey, plan, wanted) };
}

export function nodesLens(survey: Survey): Lens {
  const { lots, crossings } = lotsOf(survey);
  const plan = planNodes(lots, crossings, EMPTY_NODES_PLAN);
  return { bounds: boundsOfNodes(plan), scene: (wanted) => sceneOfNodes(survey, plan, wanted) };
}
