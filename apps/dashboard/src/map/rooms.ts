import type { CityRecord } from '@kubecity/protocol';
import type { City } from '../city/city.ts';
import { closedOf } from '../city/gates.ts';
import { remembered } from '../city/remembered.ts';
import type { Sign, Stand } from '../city/services.ts';
import { PIECE, type Slices } from '../city/slices.ts';
import { podPlace, type Survey } from '../city/survey.ts';
import { NO_TRAFFIC } from '../city/traffic.ts';
import { type Fold, NOTHING_FOLDED, stateOf } from './fold.ts';
import { centre } from './geometry.ts';
import { measuredOf } from './measured.ts';
import { type NodesPlan, roomRect } from './plan-nodes.ts';
import { activity, type House, type Metric, told } from './scene.ts';

/** The rooms of the nodes that are drawn with theirs. */
export function* roomsOf(survey: Survey, plan: NodesPlan, metric: Metric, whole: ReadonlySet<string>): Slices<House[]> {
  if (whole.size === 0) return [];
  yield* survey.sums.sliced('intoPod');
  yield* survey.sums.sliced('outOfPod');
  const { city, sums } = survey;
  const hues = new Map([...city.namespace.keys()].sort().map((name, i) => [name, i]));
  const signs = signsOfPods(survey.stands);
  const telling = (uid: string) =>
    told(metric, measuredOf(sums.intoPod.get(uid) ?? NO_TRAFFIC)) +
    told(metric, measuredOf(sums.outOfPod.get(uid) ?? NO_TRAFFIC));
  let busiest = 0;
  let looked = 0;
  for (const uid of city.pod.keys()) {
    busiest = Math.max(busiest, telling(uid));
    looked += 1;
    if (looked % PIECE === 0) yield;
  }
  const rooms: House[] = [];
  for (const pod of city.pod.values()) {
    looked += 1;
    if (looked % PIECE === 0) yield;
    const building = plan.buildings[pod.node ?? ''];
    const room = plan.rooms[pod.uid];
    if (!building || room === undefined || !whole.has(pod.node ?? '')) continue;
    const square = roomRect(building, room);
    rooms.push({
      id: podPlace(pod.uid),
      podUid: pod.uid,
      label: pod.name,
      ...centre(square),
      size: square.width,
      activity: activity(telling(pod.uid), busiest),
      sign: signOfRoom(city.node, pod, signs),
      wishedShare: signs.get(pod.uid)?.wishedShare ?? 0,
      hue: hues.get(pod.namespace) ?? 0,
      stale: stateOf(survey, pod.node) !== 'live',
      closed: closedOf(pod),
    });
  }
  return rooms;
}

/** What the rooms of each node would tell; under `''` the pods that have no node yet. */
export const foldsOfNodes = (survey: Survey): ReadonlyMap<string, Fold> =>
  countPods(survey.city.pod, survey.city.node, survey.stands);

const countPods = remembered((pods: City['pod'], nodes: City['node'], stands: Survey['stands']) => {
  const signs = signsOfPods(stands);
  const counts = new Map<string, { -readonly [K in keyof Fold]: number }>();
  for (const pod of pods.values()) {
    const node = nodes.has(pod.node ?? '') ? (pod.node as string) : '';
    let count = counts.get(node);
    if (!count) {
      count = { ...NOTHING_FOLDED };
      counts.set(node, count);
    }
    count.pods += 1;
    if (closedOf(pod)) count.closed += 1;
    const sign = signOfRoom(nodes, pod, signs);
    if (sign !== 'plain') count[sign] += 1;
  }
  return counts as ReadonlyMap<string, Fold>;
});

/** A room's sign is the strongest of the stands its pod has at any Service. Stands stay while only traffic changes. */
const signsOfPods = remembered((all: Survey['stands']): ReadonlyMap<string, Stand> => {
  const strength: Record<Sign, number> = { draining: 4, weighted: 3, unready: 2, unknown: 1, plain: 0 };
  const signs = new Map<string, Stand>();
  for (const stands of all.values()) {
    for (const stand of stands) {
      if (stand.podUid === undefined) continue;
      const had = signs.get(stand.podUid);
      if (!had || strength[stand.sign] > strength[had.sign]) signs.set(stand.podUid, stand);
    }
  }
  return signs;
});

function signOfRoom(nodes: City['node'], pod: CityRecord<'pod'>, signs: ReadonlyMap<string, Stand>): Sign {
  if (pod.node !== undefined && nodes.get(pod.node)?.agent.state === 'absent') return 'unknown';
  return signs.get(pod.uid)?.sign ?? (pod.terminating ? 'draining' : pod.ready ? 'plain' : 'unready');
}
