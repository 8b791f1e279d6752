import { workloadOf } from '../city/services.ts';
import type { Slices } from '../city/slices.ts';
import { GONE_GATE, nodePlace, OUTSIDE_GATE, type Survey, servicePlace } from '../city/survey.ts';
import { buildingsOf, junctionsOf } from './buildings.ts';
import { gatesAt } from './gates.ts';
import { around, type Rect } from './geometry.ts';
import { isNear } from './levels.ts';
import type { Crossing } from './plan-junctions.ts';
import type { Lot, NodesPlan } from './plan-nodes.ts';
import { waterOf } from './rivers.ts';
import { roomsOf } from './rooms.ts';
import type { Gate, House, Scene } from './scene.ts';
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
  const standing = standingOf(survey, open, near, drawn.houses);
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

const GATES = [
  { id: OUTSIDE_GATE, label: 'outside', down: 0, part: 0 },
  { id: GONE_GATE, label: 'clients now gone', down: 130, part: 0.14 },
] as const;

function gatesOf(survey: Survey, land: Rect): Slices<Gate[]> {
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
