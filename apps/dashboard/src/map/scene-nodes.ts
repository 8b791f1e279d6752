import type { CityRecord } from '@kubecity/protocol';
import type { Selection } from '../city/find.ts';
import { type Sign, type Stand, workloadOf } from '../city/services.ts';
import { GONE_GATE, nodePlace, OUTSIDE_GATE, podPlace, type Survey, servicePlace } from '../city/survey.ts';
import { NO_TRAFFIC, stale } from '../city/traffic.ts';
import { around, centre, type Point, type Rect } from './geometry.ts';
import { type Crossing, type Lot, type NodesPlan, roomRect } from './plan-nodes.ts';
import { activity, type Building, type Gate, type House, type Junction, type Scene } from './scene.ts';
import { streetsOf } from './streets.ts';

/** Pods without a node (pending) wait in no building; nodes without a zone share one district. */
export const NO_ZONE = 'no zone';

/** Lots and crossings of the nodes lens: the input of `planNodes`. */
export function lotsOf(survey: Survey): { readonly lots: readonly Lot[]; readonly crossings: readonly Crossing[] } {
  const tenants = new Map<string, CityRecord<'pod'>[]>();
  for (const pod of survey.city.pod.values()) {
    if (pod.node) tenants.set(pod.node, [...(tenants.get(pod.node) ?? []), pod]);
  }
  const order = (pod: CityRecord<'pod'>) => `${pod.namespace}/${workloadOf(pod)}/${pod.name}`;
  const lots = [...survey.city.node.values()].map((node) => ({
    node: node.name,
    zone: node.zone ?? NO_ZONE,
    pods: (tenants.get(node.name) ?? []).sort((a, b) => order(a).localeCompare(order(b))).map((pod) => pod.uid),
  }));
  const crossings = [...survey.city.service.keys()].map((id) => ({
    id: servicePlace(id),
    nodes: (survey.stands.get(id) ?? []).flatMap((stand) => stand.node ?? []),
  }));
  return { lots, crossings };
}

/** The nodes lens as it stands now. Streets are bundled per node and junction, save those of `selected`. */
export function sceneOfNodes(survey: Survey, plan: NodesPlan, selected: Selection | undefined): Scene {
  const land = around(Object.values(plan.zones));
  const houses = roomsOf(survey, plan);
  const gates = gatesOf(survey, land);
  const places = { plan, gates, houses: new Map(houses.map((house) => [house.id, house])) };
  return {
    lens: 'nodes',
    bounds: around([land, ...gates.map(({ x, y }) => ({ x: x - 50, y: y - 40, width: 100, height: 100 }))], 24),
    districts: Object.entries(plan.zones).map(([zone, rect]) => ({
      id: `zone:${zone}`,
      label: zone === NO_ZONE ? zone : `zone ${zone.replace(/^zone[- ]/, '')}`,
      rect,
      shape: 'zone',
    })),
    water: waterOf(Object.values(plan.zones), land),
    buildings: buildingsOf(survey, plan),
    junctions: junctionsOf(survey, plan),
    yards: [],
    houses,
    gates,
    roads: streetsOf(survey, places, selected),
  };
}

function buildingsOf({ city, sums }: Survey, plan: NodesPlan): Building[] {
  return [...city.node.values()].flatMap((node): Building[] => {
    const rect = plan.buildings[node.name];
    if (!rect) return [];
    return [
      {
        id: nodePlace(node.name),
        node: node.name,
        rect,
        rate: sums.byNode.get(node.name)?.openedPerSecond ?? 0,
        state: node.agent.state,
        silentSince: node.agent.lastFrameAt,
        ready: node.ready,
        outOfSync: node.agent.inSync === false,
      },
    ];
  });
}

/** A room's sign is the strongest of the stands its pod has at any Service. */
function signsOfPods(survey: Survey): ReadonlyMap<string, Stand> {
  const strength: Record<Sign, number> = { draining: 4, weighted: 3, unready: 2, unknown: 1, plain: 0 };
  const signs = new Map<string, Stand>();
  for (const stand of [...survey.stands.values()].flat()) {
    if (stand.podUid === undefined) continue;
    const known = signs.get(stand.podUid);
    if (!known || strength[stand.sign] > strength[known.sign]) signs.set(stand.podUid, stand);
  }
  return signs;
}

function roomsOf(survey: Survey, plan: NodesPlan): House[] {
  const { city, sums } = survey;
  const hues = new Map([...city.namespace.keys()].sort().map((name, i) => [name, i]));
  const signs = signsOfPods(survey);
  const rate = (uid: string) =>
    (sums.intoPod.get(uid) ?? NO_TRAFFIC).openedPerSecond + (sums.outOfPod.get(uid) ?? NO_TRAFFIC).openedPerSecond;
  const busiest = Math.max(0, ...[...city.pod.keys()].map(rate));
  return [...city.pod.values()].flatMap((pod): House[] => {
    const building = plan.buildings[pod.node ?? ''];
    const room = plan.rooms[pod.uid];
    if (!building || room === undefined) return [];
    const square = roomRect(building, room);
    const state = city.node.get(pod.node ?? '')?.agent.state ?? 'live';
    const stand = signs.get(pod.uid);
    const own: Sign = pod.terminating ? 'draining' : pod.ready ? 'plain' : 'unready';
    return [
      {
        id: podPlace(pod.uid),
        podUid: pod.uid,
        label: pod.name,
        ...centre(square),
        size: square.width,
        activity: activity(rate(pod.uid), busiest),
        sign: state === 'absent' ? 'unknown' : (stand?.sign ?? own),
        weight: stand?.weight ?? 100,
        hue: hues.get(pod.namespace) ?? 0,
        stale: state !== 'live',
      },
    ];
  });
}

function junctionsOf({ city, sums }: Survey, plan: NodesPlan): Junction[] {
  return [...city.service].flatMap(([service, record]): Junction[] => {
    const spot = plan.junctions[servicePlace(service)];
    const traffic = sums.byService.get(service) ?? NO_TRAFFIC;
    if (!spot) return [];
    return [
      {
        id: servicePlace(service),
        service,
        label: record.name,
        ...spot,
        radius: 15,
        rate: traffic.openedPerSecond,
        segments: [],
        problem: record.problems.length > 0,
        stale: stale(traffic),
      },
    ];
  });
}

const GATES = [
  { id: OUTSIDE_GATE, label: 'outside', down: 0 },
  { id: GONE_GATE, label: 'clients now gone', down: 130 },
] as const;

function gatesOf(survey: Survey, land: Rect): Gate[] {
  const rates = new Map<string, number>();
  for (const [id, { clientPlace }] of survey.ends) {
    if (!clientPlace.startsWith('gate:')) continue;
    rates.set(clientPlace, (rates.get(clientPlace) ?? 0) + (survey.city.edge.get(id)?.openedPerSecond ?? 0));
  }
  return GATES.flatMap(({ id, label, down }) => {
    const rate = rates.get(id);
    return rate === undefined ? [] : [{ id, label, rate, x: land.x - 76, y: land.y + land.height / 2 + down }];
  });
}

/** Rivers in the gaps between zones: across between bands, down between neighbours of one band. */
function waterOf(zones: readonly Rect[], land: Rect): Point[][] {
  const bands = [...new Set(zones.map((zone) => zone.y))].sort((a, b) => a - b);
  const rivers: Point[][] = [];
  for (const [i, top] of bands.entries()) {
    const row = zones.filter((zone) => zone.y === top).sort((a, b) => a.x - b.x);
    const bottom = Math.max(...row.map((zone) => zone.y + zone.height));
    const next = bands[i + 1];
    if (next !== undefined)
      rivers.push(
        wave({ x: land.x - 900, y: (bottom + next) / 2 }, { x: land.x + land.width + 900, y: (bottom + next) / 2 }),
      );
    for (let j = 1; j < row.length; j += 1) {
      const [left, right] = [row[j - 1] as Rect, row[j] as Rect];
      const x = (left.x + left.width + right.x) / 2;
      const from = i === 0 ? land.y - 900 : top - 42;
      const to = next === undefined ? land.y + land.height + 900 : bottom + 42;
      rivers.push(wave({ x, y: from }, { x, y: to }));
    }
  }
  return rivers;
}

function wave(a: Point, b: Point): Point[] {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const steps = Math.max(2, Math.round(length / 60));
  const normal = { x: -(b.y - a.y) / length, y: (b.x - a.x) / length };
  return Array.from({ length: steps + 1 }, (_, i) => {
    const t = i / steps;
    const sway = Math.sin(t * length * 0.0085) * 11;
    return { x: a.x + (b.x - a.x) * t + normal.x * sway, y: a.y + (b.y - a.y) * t + normal.y * sway };
  });
}
