import { isBarred } from '../city/gates.ts';
import { nodePlace, type Survey, servicePlace } from '../city/survey.ts';
import { NO_TRAFFIC, stale } from '../city/traffic.ts';
import { NOTHING_FOLDED } from './fold.ts';
import { groundAround, isNear } from './levels.ts';
import { busiestOf, measuredOf } from './measured.ts';
import type { NodesPlan } from './plan-nodes.ts';
import { foldsOfNodes } from './rooms.ts';
import { activity, type Building, type Junction, told } from './scene.ts';
import type { Wanted } from './wanted.ts';
import { zoneOf } from './zones.ts';

/** The buildings of open zones. */
export function buildingsOf(
  survey: Survey,
  plan: NodesPlan,
  { focus, metric }: Wanted,
  open: ReadonlySet<string>,
): Building[] {
  const { city, sums } = survey;
  const tenants = foldsOfNodes(survey);
  const busiest = busiestOf(sums.byNode, metric);
  return [...city.node.values()].flatMap((node): Building[] => {
    const rect = plan.buildings[node.name];
    if (!rect || !open.has(zoneOf(survey, node.name))) return [];
    const measured = measuredOf(sums.byNode.get(node.name) ?? NO_TRAFFIC);
    return [
      {
        id: nodePlace(node.name),
        node: node.name,
        rect,
        ...measured,
        activity: activity(told(metric, measured), busiest),
        folded: isNear(focus, 'place', rect) ? undefined : (tenants.get(node.name) ?? NOTHING_FOLDED),
        state: node.agent.state,
        silentSince: node.agent.lastFrameAt,
        ready: node.ready,
        outOfSync: node.agent.inSync === false,
      },
    ];
  });
}

/** Junctions that are near, and the selected one. */
export function junctionsOf(
  { city, sums, stands }: Survey,
  plan: NodesPlan,
  wanted: Wanted,
  open: ReadonlySet<string>,
): Junction[] {
  const { focus, selected } = wanted;
  return [...city.service].flatMap(([service, record]): Junction[] => {
    const spot = plan.junctions[servicePlace(service)];
    if (!spot) return [];
    const chosen = selected?.kind === 'service' && selected.id === service && open.size > 0;
    if (!chosen && !isNear(focus, 'place', groundAround(spot, 40))) return [];
    const traffic = sums.byService.get(service) ?? NO_TRAFFIC;
    return [
      {
        id: servicePlace(service),
        service,
        label: record.name,
        ...spot,
        radius: 15,
        ...measuredOf(traffic),
        segments: [],
        problem: record.problems.length > 0,
        stale: stale(traffic),
        barred: isBarred(city.pod, stands.get(service) ?? []),
      },
    ];
  });
}
