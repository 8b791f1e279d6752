import { workloadOf } from '../city/services.ts';
import type { Slices } from '../city/slices.ts';
import { GONE_GATE, nodePlace, OUTSIDE_GATE, type Survey, servicePlace } from '../city/survey.ts';
import { barringOf } from './barred.ts';
import { buildingsOf, junctionsOf } from './buildings.ts';
import { gatesAt } from './gates.ts';
import { around, type Rect } from './geometry.ts';
import { isNear } from './levels.ts';
import type { Crossing } from './plan-junctions.ts';
import type { Lot, NodesPlan } from './plan-nodes.ts';
import { waterOf } from './rivers.ts';
import { roomsOf } from './rooms.ts';
import type { Gate, House, Level, Scene } from './scene.ts';
import { idOf } from './street-book.ts';
import { type Standing, streetsOf, waysOnNodes } from './streets.ts';
import { ALL_OF_IT, type Wanted } from './wanted.ts';
import { zoneOf, zonePlace, zonesOf } from './zones.ts';

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

/** Roads drawn at once, and broad ones among them; the others are told where they leave. */
const MOST_ROADS = { city: 80, district: 400, place: 1000 } as const;
const BROAD_ROADS = { city: 80, district: 90, place: 160 } as const;

/** World units of the broadest road: those between zones are few. */
const BROADEST = { city: 18, district: 18, place: 10 } as const;

/** The nodes lens as it stands now. Streets are bundled per node and junction, save those of what is selected. */
export function* sceneOfNodes(survey: Survey, plan: NodesPlan, wanted: Wanted = ALL_OF_IT): Slices<Scene> {
  const { focus, metric, selected } = wanted;
  const land = around(Object.values(plan.zones));
  const zones = Object.entries(plan.zones);
  const open = new Set(zones.flatMap(([zone, rect]) => (isNear(focus, 'district', rect) ? [zone] : [])));
  yield* survey.sums.sliced('byNode');
  const buildings = buildingsOf(survey, plan, wanted, open);
  const houses = yield* roomsOf(
    survey,
    plan,
    metric,
    new Set(buildings.flatMap((one) => (one.folded ? [] : [one.node]))),
  );
  if (open.size > 0) yield* survey.sums.sliced('byService');
  const junctions = junctionsOf(survey, plan, wanted, open);
  const gates = yield* gatesOf(survey, land);
  const drawn = { plan, gates, houses: new Map(houses.map((house) => [house.id, house])) };
  const near = new Set(junctions.map(({ id }) => id));
  const standing = standingOf(survey, { open, junctions: near, rooms: drawn.houses, level: focus.level });
  const book = yield* streetsOf(survey, standing, selected);
  const { roads, asides } = yield* book.pave({
    metric,
    level: focus.level,
    most: MOST_ROADS[focus.level],
    broad: BROAD_ROADS[focus.level],
    keep: (street) =>
      street.from.startsWith('pod:') ||
      (selected?.kind === 'road' ? idOf(street) === selected.id : street.to === `${selected?.kind}:${selected?.id}`),
    isFar: () => false,
    path: waysOnNodes(drawn),
    scale: (busiest) =>
      busiest > 0 ? Math.min(metric === 'bytes' ? 1 : 4, BROADEST[focus.level] / Math.sqrt(busiest)) : 0,
  });
  const scene = {
    lens: 'nodes' as const,
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
  return { ...scene, barring: yield* barringOf(survey, scene) };
}

/** Where the city lies, with room for its gates. */
export function boundsOf(plan: NodesPlan): Rect {
  const land = around(Object.values(plan.zones));
  return around(
    [land, { x: land.x - Math.max(126, 0.05 * land.width), y: land.y + land.height / 2 - 40, width: 100, height: 230 }],
    24,
  );
}

const GATES = [
  { id: OUTSIDE_GATE, label: 'outside', down: 0, part: 0 },
  { id: GONE_GATE, label: 'clients now gone', down: 130, part: 0.14 },
] as const;

function gatesOf(survey: Survey, land: Rect): Slices<Gate[]> {
  return gatesAt(survey, ({ clientPlace }) => clientPlace, GATES, { ...land, y: land.y + land.height / 2 });
}

interface Drawn {
  readonly open: ReadonlySet<string>;
  readonly junctions: ReadonlySet<string>;
  readonly rooms: ReadonlyMap<string, House>;
  readonly level: Level;
}

/**
 * What stands on the map for a node or junction: itself where it is drawn, for a node else its zone. From afar hundreds of
 * buildings have thousands of streets, which nobody can tell apart: there they are bundled from zone to zone.
 */
function standingOf(survey: Survey, { open, junctions, rooms, level }: Drawn): Standing {
  const [nodes, quarters] = [new Map<string, string>(), new Map<string, string>()];
  for (const name of survey.city.node.keys()) {
    const zone = zoneOf(survey, name);
    nodes.set(nodePlace(name), open.has(zone) ? nodePlace(name) : zonePlace(zone));
    quarters.set(nodePlace(name), zonePlace(zone));
  }
  const place = (id: string) => nodes.get(id) ?? id;
  return {
    place,
    quarter: level === 'place' ? place : (id) => quarters.get(id) ?? id,
    junction: (id) => junctions.has(id),
    room: (id) => rooms.has(id),
  };
}
