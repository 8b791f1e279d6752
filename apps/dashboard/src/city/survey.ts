import type { City } from './city.ts';
import { type EdgeEnds, type Ends, endsOfAll } from './edge-ends.ts';
import type { Edge } from './edges.ts';
import { dugBetween, type Ground, groundOf } from './ground.ts';
import { sumTraffic, type Traffic, TrafficGroups, type TrafficSums } from './traffic.ts';

export {
  type EdgeEnds,
  GONE_GATE,
  NODES_GATE,
  nodePlace,
  OUTSIDE_GATE,
  podPlace,
  servicePlace,
} from './edge-ends.ts';
export type { Hamlet } from './ground.ts';

/** Everything derived from the records that both lenses, the panel and the tables share; made once per frame. */
export interface Survey extends Ground {
  readonly city: City;
  readonly sums: TrafficSums;
  /** Where each edge begins and ends on either lens. */
  readonly ends: Ends;
}

/** `before` is the survey of the frame before, if any: what has not changed is taken from it. */
export function surveyCity(city: City, before?: Survey): Survey {
  const dug = before && dugBetween(before.city, city);
  const ground = groundOf(city, before && dug && { ground: before, soil: before.city, dug });
  const ends = endsOfAll(city, ground, before && dug && { ends: before.ends, dug });
  const { backends, stands, homes, hamlets } = ground;
  return { city, sums: sumTraffic(city.edge, ends), backends, stands, homes, hamlets, ends };
}

export const roadId = (from: string, to: string): string => `${from}→${to}`;
/** A footpath: where direct connections go, past every junction. */
export const pathId = (from: string, to: string): string => `${from}⇢${to}`;

/** The two places of a road or footpath. */
export function placesOfRoad(id: string): { readonly from: string; readonly to: string; readonly direct: boolean } {
  const direct = id.includes('⇢');
  const [from = '', to = ''] = id.split(direct ? '⇢' : '→');
  return { from, to, direct };
}

/** One bundle of edges between two places of the map. */
export interface Flow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly traffic: Traffic;
  readonly edges: readonly string[];
}

/** Bundles edges by the road that `pick` gives each; `undefined` leaves an edge out. */
export function bundle(survey: Survey, pick: (ends: EdgeEnds, edge: Edge) => string | undefined): readonly Flow[] {
  const groups = new TrafficGroups();
  const edges = new Map<string, string[]>();
  for (const [id, edge] of survey.city.edge) {
    const ends = survey.ends.get(id);
    const road = ends && pick(ends, edge);
    if (road === undefined) continue;
    groups.add(road, edge);
    const own = edges.get(road);
    if (own) own.push(id);
    else edges.set(road, [id]);
  }
  return [...groups.sums]
    .map(([id, traffic]) => ({ id, ...placesOfRoad(id), traffic, edges: edges.get(id) as string[] }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
