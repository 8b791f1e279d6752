import type { CityRecord } from '@kubecity/protocol';
import type { Edge } from '../city/edges.ts';
import type { Selection } from '../city/find.ts';
import { type Sign, type Stand, workloadOf } from '../city/services.ts';
import {
  type EdgeEnds,
  GONE_GATE,
  nodePlace,
  OUTSIDE_GATE,
  pathId,
  podPlace,
  roadId,
  type Survey,
  servicePlace,
} from '../city/survey.ts';
import { isAlive, NO_TRAFFIC, podOfBackend, podUidOf, stale } from '../city/traffic.ts';
import { around, centre, type Point, type Rect } from './geometry.ts';
import { bowed, cubic, type Path } from './path.ts';
import { type Crossing, type Lot, type NodesPlan, roomRect } from './plan-nodes.ts';
import {
  activity,
  type Building,
  type Gate,
  type House,
  type Junction,
  PATH_WIDTH,
  type Road,
  roadWidth,
  type Scene,
} from './scene.ts';

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

interface Places {
  readonly plan: NodesPlan;
  readonly gates: readonly Gate[];
  readonly houses: ReadonlyMap<string, House>;
}

interface Street {
  readonly from: string;
  readonly to: string;
  readonly direct: boolean;
  rate: number;
  backRate: number;
  refused: number;
  stale: boolean;
  readonly edges: string[];
}

/**
 * Both ways between a place and a junction run on one street: out from its clients, back to its backends. Direct
 * connections take a footpath from building to building; within one there is nothing to draw.
 */
function streetsOf(survey: Survey, places: Places, selected: Selection | undefined): Road[] {
  const streets = new Map<string, Street>();
  for (const [id, edge] of survey.city.edge) {
    const ends = survey.ends.get(id);
    if (!ends) continue;
    const { client, target } = doorsOf(survey, id, ends, selected);
    if (ends.service === undefined) {
      if (target === undefined || client === target || !isAlive(edge)) continue;
      const path = streetAt(streets, client, target, true);
      path.rate += edge.openedPerSecond;
      note(path, id, edge, edge.refusedPerSecond);
      continue;
    }
    const out = streetAt(streets, client, ends.service);
    out.rate += edge.openedPerSecond;
    note(out, id, edge, 0);
    if (target === undefined) continue;
    const back = streetAt(streets, target, ends.service);
    back.backRate += edge.openedPerSecond;
    note(back, id, edge, edge.refusedPerSecond);
  }
  const busiest = Math.max(0, ...[...streets.values()].map((street) => street.rate + street.backRate));
  const scale = busiest > 0 ? Math.min(4, 10 / Math.sqrt(busiest)) : 0;
  return [...streets]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([id, street]): Road[] => {
      const path = street.direct ? footpath(places, street) : wayTo(places, street.from, street.to);
      const width = street.direct ? PATH_WIDTH : roadWidth(street.rate + street.backRate, scale);
      return path ? [{ id, ...street, path, width }] : [];
    });
}

/** Where an edge leaves and arrives: at the buildings, or at the rooms when it touches what is selected. */
function doorsOf(
  { city }: Survey,
  id: string,
  ends: EdgeEnds,
  selected: Selection | undefined,
): { readonly client: string; readonly target?: string } {
  const edge = city.edge.get(id) as Edge;
  const into = podOfBackend(city, edge);
  const from = edge.client.kind === 'pod' ? podUidOf(edge) : undefined;
  const alone =
    (selected?.kind === 'edge' && id === selected.id) ||
    (selected?.kind === 'service' && edge.service === selected.id) ||
    (selected?.kind === 'pod' && (selected.id === into || selected.id === from));
  const room = (uid: string | undefined) => (alone && city.pod.get(uid ?? '')?.node ? podPlace(uid ?? '') : undefined);
  return { client: room(from) ?? ends.clientPlace, target: room(into) ?? ends.backendPlace };
}

function streetAt(streets: Map<string, Street>, from: string, to: string, direct = false): Street {
  const key = direct ? pathId(from, to) : roadId(from, to);
  const known = streets.get(key);
  if (known) return known;
  const street = { from, to, direct, rate: 0, backRate: 0, refused: 0, stale: true, edges: [] };
  streets.set(key, street);
  return street;
}

function note(street: Street, id: string, edge: Edge, refused: number): void {
  street.refused += refused;
  street.stale &&= edge.stale;
  if (street.edges.at(-1) !== id) street.edges.push(id);
}

/** From door to door, bowed a little: there and back are two paths. */
function footpath(places: Places, { from, to }: { readonly from: string; readonly to: string }): Path | undefined {
  const [start, end] = [groundOf(places, from), groundOf(places, to)];
  if (!start || !end) return undefined;
  return bowed(edgeOfGround(start, centre(end)), edgeOfGround(end, centre(start)), 0.09);
}

/** The ground a place stands on; rooms and gates are as good as points. */
function groundOf({ plan, gates, houses }: Places, id: string): Rect | undefined {
  const point = gates.find((gate) => gate.id === id) ?? houses.get(id);
  return point ? { x: point.x, y: point.y, width: 0, height: 0 } : plan.buildings[id.replace(/^node:/, '')];
}

const edgeOfGround = (ground: Rect, towards: Point): Point => (ground.width === 0 ? ground : doorOf(ground, towards));

/** Leaves a building through the side that faces the junction; a room through the same door as its building. */
function wayTo(places: Places, from: string, to: string): Path | undefined {
  const junction = places.plan.junctions[to];
  if (!junction) return undefined;
  const gate = places.gates.find(({ id }) => id === from);
  if (gate) return sideways(gate, junction);
  const house = places.houses.get(from);
  if (house) return straightAway(house, junction);
  const building = places.plan.buildings[from.replace(/^node:/, '')];
  return building ? straightAway(doorOf(building, junction), junction) : undefined;
}

/** Doors spread along a wall in the direction of what they lead to, so that streets do not leave as one. */
function doorOf(building: Rect, { x, y }: Point): Point {
  const middle = centre(building);
  const dx = x - middle.x;
  const dy = y - middle.y;
  if (Math.abs(dy) > building.height / 2 + 10 || Math.abs(dx) < building.width / 2 + 10) {
    const lean = Math.atan2(dx, Math.abs(dy)) / (Math.PI / 2);
    return {
      x: middle.x + lean * (building.width / 2 - 22),
      y: middle.y + Math.sign(dy || 1) * (building.height / 2 - 6),
    };
  }
  const lean = Math.atan2(dy, Math.abs(dx)) / (Math.PI / 2);
  return { x: middle.x + Math.sign(dx) * (building.width / 2 - 6), y: middle.y + lean * (building.height / 2 - 22) };
}

function straightAway(door: Point, junction: Point): Path {
  const dx = junction.x - door.x;
  const dy = junction.y - door.y;
  return cubic(
    door,
    { x: door.x + dx * 0.08, y: door.y + dy * 0.55 },
    { x: junction.x - dx * 0.55, y: junction.y - dy * 0.08 },
    junction,
  );
}

function sideways(gate: Point, junction: Point): Path {
  const dx = junction.x - gate.x;
  return cubic(gate, { x: gate.x + dx * 0.5, y: gate.y }, { x: gate.x + dx * 0.6, y: junction.y }, junction);
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
