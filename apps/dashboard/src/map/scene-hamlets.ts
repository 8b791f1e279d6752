import { closedOf } from '../city/gates.ts';
import type { Slices } from '../city/slices.ts';
import { type Hamlet, podPlace, type Survey } from '../city/survey.ts';
import { NO_TRAFFIC } from '../city/traffic.ts';
import { type Fold, NOTHING_FOLDED, stateOf } from './fold.ts';
import { groundAround, isNear } from './levels.ts';
import { busiestOf, measuredOf } from './measured.ts';
import type { ServicesPlan } from './plan-services.ts';
import { HOUSE } from './ring.ts';
import { activity, type House, told, type Yard } from './scene.ts';
import type { Wanted } from './wanted.ts';

const HAMLET_STEP = HOUSE + 8;
const hamletColumns = (houses: number): number => Math.ceil(Math.sqrt(houses));

/** The circle a hamlet needs, its name below included. */
export const hamletRadius = (houses: number): number => 30 + (hamletColumns(houses) * HAMLET_STEP) / 1.4;

/** Pods that only open connections, workload by workload, each with a yard around its houses; of open districts. */
export function* hamletsOf(
  survey: Survey,
  plan: ServicesPlan,
  { focus, metric }: Wanted,
  open: ReadonlySet<string>,
): Slices<{ readonly houses: House[]; readonly yards: Yard[] }> {
  if (open.size === 0) return { houses: [], yards: [] };
  if (focus.level === 'place') yield* survey.sums.sliced('outOfPod');
  const most = focus.level === 'place' ? busiestOf(survey.sums.outOfPod, metric) : 0;
  const houses: House[] = [];
  const yards: Yard[] = [];
  for (const hamlet of survey.hamlets.values()) {
    const spot = plan.spots[hamlet.id];
    if (!spot || !open.has(hamlet.namespace)) continue;
    const columns = hamletColumns(hamlet.pods.length);
    const rows = Math.ceil(hamlet.pods.length / columns);
    const [width, height] = [columns * HAMLET_STEP + 12, rows * HAMLET_STEP + 12];
    const rect = { x: spot.x - width / 2, y: spot.y - height / 2, width, height };
    const whole = isNear(focus, 'place', groundAround(spot, spot.radius));
    const folded = whole ? undefined : foldOfHamlet(hamlet);
    yards.push({ id: hamlet.id, label: hamlet.workload, rect, folded });
    if (!whole) continue;
    yield;
    for (const [i, pod] of hamlet.pods.entries()) {
      const state = stateOf(survey, pod.node);
      houses.push({
        id: podPlace(pod.uid),
        podUid: pod.uid,
        label: pod.name,
        x: spot.x + ((i % columns) - (columns - 1) / 2) * HAMLET_STEP,
        y: spot.y + (Math.floor(i / columns) - (rows - 1) / 2) * HAMLET_STEP,
        size: HOUSE,
        activity: activity(told(metric, measuredOf(survey.sums.outOfPod.get(pod.uid) ?? NO_TRAFFIC)), most),
        sign: state === 'absent' ? 'unknown' : pod.terminating ? 'draining' : pod.ready ? 'plain' : 'unready',
        wishedShare: 0,
        stale: state !== 'live',
        at: hamlet.id,
        closed: closedOf(pod),
      });
    }
  }
  return { houses, yards };
}

export const foldOfHamlet = ({ pods }: Hamlet): Fold => ({
  ...NOTHING_FOLDED,
  pods: pods.length,
  closed: pods.filter((pod) => closedOf(pod)).length,
});
