import { finish, type Slices } from '../../src/city/slices.ts';
import * as nodesPlan from '../../src/map/plan-nodes.ts';
import * as servicesPlan from '../../src/map/plan-services.ts';
import * as nodes from '../../src/map/scene-nodes.ts';
import * as services from '../../src/map/scene-services.ts';

/** The slow parts of the map, without a rest. */
const atOnce =
  <A extends readonly unknown[], R>(work: (...of: A) => Slices<R>) =>
  (...of: A): R =>
    finish(work(...of));

export const planNodes = atOnce(nodesPlan.planNodes);
export const planServices = atOnce(servicesPlan.planServices);
export const linksOf = atOnce(services.linksOf);
export const sceneOfNodes = atOnce(nodes.sceneOfNodes);
export const sceneOfServices = atOnce(services.sceneOfServices);
