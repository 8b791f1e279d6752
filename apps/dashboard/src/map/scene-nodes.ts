import type { CityRecord } from '@kubecity/protocol';
import { NO_ZONE } from '../city/lanes.ts';
import { type Sign, type Stand, workloadOf } from '../city/services.ts';
import { GONE_GATE, nodePlace, OUTSIDE_GATE, podPlace, type Survey, servicePlace } from '../city/survey.ts';
import { NO_TRAFFIC, stale } from '../city/traffic.ts';
import { type Fold, foldOf, NOTHING_FOLDED, stateOf } from './fold.ts';
import { gatesAt } from './gates.ts';
import { around, centre, distanceToRect, type Point, type Rect } from './geometry.ts';
import { groundAround, isNear } from './levels.ts';
import { busiestOf, measuredOf } from './measured.ts';
import { type Crossing, type Lot, type NodesPlan, roomRect } from './plan-nodes.ts';
import {
  activity,
  type Building,
  type District,
  type Gate,
  type House,
  type Junction,
  type Metric,
  type Scene,
  told,
} from './scene.ts';
import { idOf } from './street-book.ts';
import { type Standing, streetsOf, wayOf } from './streets.ts';
import { ALL_OF_IT, type Wanted } from './wanted.ts';

/** Lots and crossings of the nodes lens: the input of `planNodes`. Pods without a node (pending) wait in no building. */
export function lotsOf(survey: Survey): { readonly lots: readonly Lot[]; readonly crossings: readonly Crossing[] } {
  const tenants = new Map<string, { readonly uid: string; readonly order: string }[]>();
  for (const pod of survey.city.pod.values()) {
    if (!pod.node) continue;
    const tenant = { uid: pod.uid, order: `${pod.namespace}/${workloadOf(pod)}/${pod.name}` };
    const own = tenants.get(pod.node);
    if (own) own.push(tenant);
    else tenants.set(pod.node, [tenant]);
  }
  const lots = [...survey.city.node.values()].map((node) => ({
    node: node.name,
    zone: zoneOf(survey, node.name),
    pods: (tenants.get(node.name) ?? [])
      .sort((a, b) => (a.order < b.order || (a.order === b.order && a.uid < b.uid) ? -1 : 1))
      .map(({ uid }) => uid),
  }));
  const crossings = [...survey.city.service.keys()].map((id) => ({
    id: servicePlace(id),
    nodes: (survey.stands.get(id) ?? []).flatMap((stand) => stand.node ?? []),
  }));
  return { lots, crossings };
}

const zoneOf = (survey: Survey, node: string): string => survey.city.node.get(node)?.zone ?? NO_ZONE;

/** Roads drawn at once; the others are told where they leave. */
const MOST_ROADS = { city: 80, district: 200, place: 300 } as const;

/** The nodes lens as it stands now. Streets are bundled per node and junction, save those of what is selected. */
export function sceneOfNodes(survey: Survey, plan: NodesPlan, wanted: Wanted = ALL_OF_IT): Scene {
  const { focus, metric, selected } = wanted;
  const land = around(Object.values(plan.zones));
  const zones = Object.entries(plan.zones);
  const open = new Set(zones.flatMap(([zone, rect]) => (isNear(focus, 'district', rect) ? [zone] : [])));
  const buildings = buildingsOf(survey, plan, wanted, open);
  const houses = roomsOf(survey, plan, metric, new Set(buildings.flatMap((one) => (one.folded ? [] : [one.node]))));
  const junctions = junctionsOf(survey, plan, wanted, open);
  const gates = gatesOf(survey, land);
  const drawn = { plan, gates, houses: new Map(houses.map((house) => [house.id, house])) };
  const near = new Set(junctions.map(({ id }) => id));
  const standing = standingOf(survey, open, near, drawn.houses);
  const { roads, asides } = streetsOf(survey, standing, selected).pave({
    metric,
    level: focus.level,
    most: MOST_ROADS[focus.level],
    keep: (street) =>
      street.from.startsWith('pod:') ||
      (selected?.kind === 'road' ? idOf(street) === selected.id : street.to === `${selected?.kind}:${selected?.id}`),
    isFar: () => false,
    path: (street) => wayOf(drawn, street),
    scale: (busiest) => (busiest > 0 ? Math.min(metric === 'bytes' ? 1 : 4, 10 / Math.sqrt(busiest)) : 0),
  });
  return {
    lens: 'nodes',
    level: focus.level,
    metric,
    bounds: boundsOf(plan),
    districts: zonesOf(survey, plan, wanted, open, near),
    water: waterOf(Object.values(plan.zones), land),
    buildings,
    junctions,
    yards: [],
    houses,
    gates,
    roads,
    asides,
  };
}

/** Where the city lies, with room for its gates. */
export function boundsOf(plan: NodesPlan): Rect {
  const land = around(Object.values(plan.zones));
  return around(
    [land, { x: land.x - Math.max(126, 0.05 * land.width), y: land.y + land.height / 2 - 40, width: 100, height: 230 }],
    24,
  );
}

function buildingsOf(
  survey: Survey,
  plan: NodesPlan,
  { focus, metric }: Wanted,
  open: ReadonlySet<string>,
): Building[] {
  const { city, sums } = survey;
  const tenants = countPods(survey);
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

/** What the rooms of each node would tell; under `''` the pods that have no node yet. */
function countPods(survey: Survey): ReadonlyMap<string, Fold> {
  const signs = signsOfPods(survey);
  const counts = new Map<string, { -readonly [K in keyof Fold]: number }>();
  for (const pod of survey.city.pod.values()) {
    const node = survey.city.node.has(pod.node ?? '') ? (pod.node as string) : '';
    let count = counts.get(node);
    if (!count) {
      count = { ...NOTHING_FOLDED };
      counts.set(node, count);
    }
    count.pods += 1;
    const sign = signOfRoom(survey, pod, signs);
    if (sign !== 'plain') count[sign] += 1;
  }
  return counts;
}

/** A district for every zone; what of it is not drawn is folded into it. */
function zonesOf(
  survey: Survey,
  plan: NodesPlan,
  { metric }: Wanted,
  open: ReadonlySet<string>,
  junctions: ReadonlySet<string>,
): District[] {
  const tenants = countPods(survey);
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
  for (const id of survey.city.service.keys()) {
    const spot = plan.junctions[servicePlace(id)];
    if (spot && !junctions.has(servicePlace(id))) parts.get(nearestZone(zones, spot))?.push({ services: 1 });
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

const zonePlace = (zone: string): string => `zone:${zone}`;

function nearestZone(zones: readonly (readonly [string, Rect])[], spot: Point): string {
  let [best, least] = ['', Number.POSITIVE_INFINITY];
  for (const [zone, rect] of zones) {
    const far = distanceToRect(spot, rect);
    if (far < least) [best, least] = [zone, far];
  }
  return best;
}

/** A room's sign is the strongest of the stands its pod has at any Service. */
function signsOfPods(survey: Survey): ReadonlyMap<string, Stand> {
  const known = podSigns.get(survey.stands);
  if (known) return known;
  const strength: Record<Sign, number> = { draining: 4, weighted: 3, unready: 2, unknown: 1, plain: 0 };
  const signs = new Map<string, Stand>();
  for (const stands of survey.stands.values()) {
    for (const stand of stands) {
      if (stand.podUid === undefined) continue;
      const had = signs.get(stand.podUid);
      if (!had || strength[stand.sign] > strength[had.sign]) signs.set(stand.podUid, stand);
    }
  }
  podSigns.set(survey.stands, signs);
  return signs;
}

/** Stands stay the same from second to second, while traffic changes. */
const podSigns = new WeakMap<Survey['stands'], ReadonlyMap<string, Stand>>();

function signOfRoom(survey: Survey, pod: CityRecord<'pod'>, signs: ReadonlyMap<string, Stand>): Sign {
  if (stateOf(survey, pod.node) === 'absent') return 'unknown';
  return signs.get(pod.uid)?.sign ?? (pod.terminating ? 'draining' : pod.ready ? 'plain' : 'unready');
}

function roomsOf(survey: Survey, plan: NodesPlan, metric: Metric, whole: ReadonlySet<string>): House[] {
  if (whole.size === 0) return [];
  const { city, sums } = survey;
  const hues = new Map([...city.namespace.keys()].sort().map((name, i) => [name, i]));
  const signs = signsOfPods(survey);
  const telling = (uid: string) =>
    told(metric, measuredOf(sums.intoPod.get(uid) ?? NO_TRAFFIC)) +
    told(metric, measuredOf(sums.outOfPod.get(uid) ?? NO_TRAFFIC));
  let busiest = 0;
  for (const uid of city.pod.keys()) busiest = Math.max(busiest, telling(uid));
  const rooms: House[] = [];
  for (const pod of city.pod.values()) {
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
      sign: signOfRoom(survey, pod, signs),
      weight: signs.get(pod.uid)?.weight ?? 100,
      hue: hues.get(pod.namespace) ?? 0,
      stale: stateOf(survey, pod.node) !== 'live',
    });
  }
  return rooms;
}

/** Junctions that are near, and the selected one. */
function junctionsOf({ city, sums }: Survey, plan: NodesPlan, wanted: Wanted, open: ReadonlySet<string>): Junction[] {
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
      },
    ];
  });
}

const GATES = [
  { id: OUTSIDE_GATE, label: 'outside', down: 0, part: 0 },
  { id: GONE_GATE, label: 'clients now gone', down: 130, part: 0.14 },
] as const;

function gatesOf(survey: Survey, land: Rect): Gate[] {
  return gatesAt(survey, ({ clientPlace }) => clientPlace, GATES, { ...land, y: land.y + land.height / 2 });
}

/** What stands on the map for a node or junction: itself where it is drawn, for a node else its zone. */
function standingOf(
  survey: Survey,
  open: ReadonlySet<string>,
  junctions: ReadonlySet<string>,
  rooms: ReadonlyMap<string, House>,
): Standing {
  const nodes = new Map<string, string>();
  for (const name of survey.city.node.keys()) {
    const zone = zoneOf(survey, name);
    nodes.set(nodePlace(name), open.has(zone) ? nodePlace(name) : zonePlace(zone));
  }
  return { place: (id) => nodes.get(id) ?? id, junction: (id) => junctions.has(id), room: (id) => rooms.has(id) };
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
