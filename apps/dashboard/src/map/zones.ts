import { NO_ZONE } from '../city/lanes.ts';
import { remembered } from '../city/remembered.ts';
import { type Survey, servicePlace } from '../city/survey.ts';
import { NO_TRAFFIC } from '../city/traffic.ts';
import { type Fold, foldOf } from './fold.ts';
import { centre, distanceToRect, type Point, type Rect } from './geometry.ts';
import { busiestOf, measuredOf } from './measured.ts';
import type { NodesPlan } from './plan-nodes.ts';
import { foldsOfNodes } from './rooms.ts';
import { activity, type District, told } from './scene.ts';
import type { Wanted } from './wanted.ts';

export const zoneOf = (survey: Survey, node: string): string => survey.city.node.get(node)?.zone ?? NO_ZONE;

/** A district for every zone; what of it is not drawn is folded into it. */
export function zonesOf(
  survey: Survey,
  plan: NodesPlan,
  { metric }: Wanted,
  open: ReadonlySet<string>,
  junctions: ReadonlySet<string>,
): District[] {
  const tenants = foldsOfNodes(survey);
  const parts = new Map<string, Partial<Fold>[]>();
  const sums = new Map<string, { rate: number; bytes: number; light: number[]; silent: boolean }>();
  for (const zone of Object.keys(plan.zones)) {
    parts.set(zone, []);
    sums.set(zone, { rate: 0, bytes: 0, light: [], silent: true });
  }
  const busiest = busiestOf(survey.sums.byNode, metric);
  for (const [name, node] of survey.city.node) {
    const zone = zoneOf(survey, name);
    const sum = sums.get(zone);
    if (!sum) continue;
    const measured = measuredOf(survey.sums.byNode.get(name) ?? NO_TRAFFIC);
    sum.rate += measured.rate;
    sum.bytes += measured.bytes;
    sum.silent &&= node.agent.state === 'stale';
    if (open.has(zone)) continue;
    const wrong = !node.ready || node.agent.inSync === false || node.agent.state === 'stale';
    parts.get(zone)?.push({ nodes: 1, problems: wrong ? 1 : 0 }, tenants.get(name) ?? {});
    const rect = plan.buildings[name];
    if (rect) sum.light.push(...Object.values(centre(rect)), rect.width / 3, activity(told(metric, measured), busiest));
  }
  const zones = Object.entries(plan.zones);
  const homes = zonesOfJunctions(plan);
  for (const id of survey.city.service.keys()) {
    if (!junctions.has(servicePlace(id))) parts.get(homes.get(servicePlace(id)) ?? '')?.push({ services: 1 });
  }
  // Pods that no node has taken yet wait outside all buildings: they are told with the first district.
  const waiting = tenants.get('');
  const first = zones[0]?.[0];
  if (waiting && first !== undefined) parts.get(first)?.push(waiting);
  const most = Math.max(0, ...[...sums.values()].map((sum) => told(metric, sum)));
  return zones.map(([zone, rect]): District => {
    const { rate, bytes, light, silent } = sums.get(zone) as {
      rate: number;
      bytes: number;
      light: number[];
      silent: boolean;
    };
    const fold = foldOf(parts.get(zone) ?? []);
    const closed = !open.has(zone);
    return {
      id: zonePlace(zone),
      label: zone === NO_ZONE ? zone : `zone ${zone.replace(/^zone[- ]/, '')}`,
      rect,
      shape: 'zone',
      closed,
      rate,
      bytes,
      activity: activity(told(metric, { rate, bytes }), most),
      stale: silent,
      folded: fold.services + fold.pods + fold.nodes > 0 ? fold : undefined,
      specks: closed ? Float32Array.from(light) : undefined,
    };
  });
}

export const zonePlace = (zone: string): string => `zone:${zone}`;

/** The zone that each junction stands in, or nearest to. */
const zonesOfJunctions = remembered(({ zones, junctions }: NodesPlan): ReadonlyMap<string, string> => {
  const all = Object.entries(zones);
  return new Map(Object.entries(junctions).map(([id, spot]) => [id, nearestZone(all, spot)]));
});

function nearestZone(zones: readonly (readonly [string, Rect])[], spot: Point): string {
  let [best, least] = ['', Number.POSITIVE_INFINITY];
  for (const [zone, rect] of zones) {
    const far = distanceToRect(spot, rect);
    if (far < least) [best, least] = [zone, far];
  }
  return best;
}
