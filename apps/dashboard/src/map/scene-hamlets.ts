import { podPlace, type Survey } from '../city/survey.ts';
import type { ServicesPlan } from './plan-services.ts';
import { HOUSE } from './ring.ts';
import { activity, type House, type Yard } from './scene.ts';

const HAMLET_STEP = HOUSE + 8;
const hamletColumns = (houses: number): number => Math.ceil(Math.sqrt(houses));

/** The circle a hamlet needs, its name below included. */
export const hamletRadius = (houses: number): number => 30 + (hamletColumns(houses) * HAMLET_STEP) / 1.4;

/** What is known of a node through its agent; a pod without a node is not silent. */
export const agentState = (survey: Survey, node: string | undefined): 'live' | 'stale' | 'absent' =>
  node === undefined ? 'live' : (survey.city.node.get(node)?.agent.state ?? 'live');

/** Pods that only open connections, workload by workload, each with a yard around its houses. */
export function hamletsOf(survey: Survey, plan: ServicesPlan): { readonly houses: House[]; readonly yards: Yard[] } {
  const most = Math.max(0, ...[...survey.sums.outOfPod.values()].map((traffic) => traffic.openedPerSecond));
  const houses: House[] = [];
  const yards: Yard[] = [];
  for (const hamlet of survey.hamlets.values()) {
    const spot = plan.spots[hamlet.id];
    if (!spot) continue;
    const columns = hamletColumns(hamlet.pods.length);
    const rows = Math.ceil(hamlet.pods.length / columns);
    const [width, height] = [columns * HAMLET_STEP + 12, rows * HAMLET_STEP + 12];
    const rect = { x: spot.x - width / 2, y: spot.y - height / 2, width, height };
    yards.push({ id: hamlet.id, label: hamlet.workload, rect });
    for (const [i, pod] of hamlet.pods.entries()) {
      const state = agentState(survey, pod.node);
      houses.push({
        id: podPlace(pod.uid),
        podUid: pod.uid,
        label: pod.name,
        x: spot.x + ((i % columns) - (columns - 1) / 2) * HAMLET_STEP,
        y: spot.y + (Math.floor(i / columns) - (rows - 1) / 2) * HAMLET_STEP,
        size: HOUSE,
        activity: activity(survey.sums.outOfPod.get(pod.uid)?.openedPerSecond ?? 0, most),
        sign: state === 'absent' ? 'unknown' : pod.terminating ? 'draining' : pod.ready ? 'plain' : 'unready',
        weight: 100,
        stale: state !== 'live',
        at: hamlet.id,
      });
    }
  }
  return { houses, yards };
}
