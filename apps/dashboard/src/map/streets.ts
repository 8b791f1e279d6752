import type { Edge } from '../city/edges.ts';
import type { Selection } from '../city/find.ts';
import { PIECE, type Slices } from '../city/slices.ts';
import { type EdgeEnds, podPlace, type Survey } from '../city/survey.ts';
import { isAlive, podOfBackend, podUidOf } from '../city/traffic.ts';
import { Bridges } from './bridges.ts';
import { finder, gentlest, runsThrough, type Within } from './detour.ts';
import { centre, type Point, type Rect, threshold } from './geometry.ts';
import { bowed, cubic, type Path } from './path.ts';
import type { NodesPlan } from './plan-nodes.ts';
import type { Gate, House } from './scene.ts';
import { type Street, StreetBook } from './street-book.ts';

/** Where streets and footpaths of the nodes lens can begin and end. */
export interface StreetPlaces {
  readonly plan: NodesPlan;
  readonly gates: readonly Gate[];
  readonly houses: ReadonlyMap<string, House>;
}

/** What stands on the map for what an edge names. */
export interface Standing {
  /** The building of a node, or its zone where that is folded; gates stand for themselves. */
  readonly place: (id: string) => string;
  /** What its streets begin and end at while nobody asks for them one by one: where buildings are small, its zone. */
  readonly quarter: (id: string) => string;
  /** Is this junction drawn? */
  readonly junction: (id: string) => boolean;
  readonly room: (id: string) => boolean;
}

/**
 * What touches the thing selected runs from place to place, everything else from quarter to quarter.
 * Both ways between a place and a junction run on one street: out from its clients, back to its backends. Past a junction
 * that is not drawn a street leads from place to place. Direct connections take a footpath; within one place there is
 * nothing to draw.
 */
export function* streetsOf(survey: Survey, standing: Standing, selected: Selection | undefined): Slices<StreetBook> {
  const book = new StreetBook();
  const alone = selected && touching(survey, standing, selected);
  let looked = 0;
  for (const [id, edge] of survey.city.edge) {
    looked += 1;
    if (looked % PIECE === 0) yield;
    const ends = survey.ends.get(id);
    if (!ends) continue;
    const rooms = alone?.(id, edge);
    const place = rooms ? standing.place : standing.quarter;
    const client = rooms?.client ?? place(ends.clientPlace);
    const target = rooms?.target ?? (ends.backendPlace && place(ends.backendPlace));
    if (ends.service !== undefined && standing.junction(ends.service))
      book.through(id, edge, client, ends.service, target);
    else if (target === undefined || (ends.service === undefined && !isAlive(edge)))
      book.aside(client, 'pathless', edge);
    else book.along(id, edge, client, target, ends.service === undefined);
  }
  return book;
}

interface Rooms {
  readonly client?: string;
  readonly target?: string;
}

/** At the rooms it ends at, as far as these are drawn; undefined of an edge that does not touch what is selected. */
type Touching = (id: string, edge: Edge) => Rooms | undefined;

/** An edge that touches what is selected leaves and arrives at the rooms, where these are known; of a node at the buildings. */
function touching({ city, ends }: Survey, standing: Standing, { kind, id }: Selection): Touching | undefined {
  if (kind === 'node') {
    const touches = ({ clientNode, backendNode }: EdgeEnds) => clientNode === id || backendNode === id;
    return (key) => {
      const own = ends.get(key);
      return own && touches(own) ? {} : undefined;
    };
  }
  if (kind !== 'edge' && kind !== 'service' && kind !== 'pod') return undefined;
  return (key, edge) => {
    const into = podOfBackend(city, edge);
    const from = edge.client.kind === 'pod' ? podUidOf(edge) : undefined;
    const alone =
      (kind === 'edge' && key === id) ||
      (kind === 'service' && edge.service === id) ||
      (kind === 'pod' && (id === into || id === from));
    if (!alone) return undefined;
    const room = (uid = '') => (standing.room(podPlace(uid)) ? podPlace(uid) : undefined);
    return { client: room(from), target: room(into) };
  };
}

/** Ways are found once for a plan: where things stand does not depend on the traffic. */
const known = new WeakMap<NodesPlan, Ways>();

/** From where to where a street runs. */
type Run = Pick<Street, 'from' | 'to' | 'direct'>;

interface Ways {
  readonly paths: Map<string, Path | undefined>;
  readonly bridges: Bridges;
  readonly within: Within;
}

/** World units around the middle of a junction that other streets leave free. */
const CLEAR = 32;

/** The middle line of a street; undefined when one of its places has no ground. */
export function waysOnNodes(places: StreetPlaces): (street: Run) => Path | undefined {
  const { plan } = places;
  let ways = known.get(plan);
  if (!ways) {
    const corners = Object.values(plan.junctions).map(({ x, y }) => ({ x, y, radius: CLEAR }));
    ways = { paths: new Map(), bridges: new Bridges(plan), within: finder(corners) };
    known.set(plan, ways);
  }
  const { paths } = ways;
  const found = ways;
  return (street) => {
    const key = `${street.from}${street.direct ? '⇢' : '→'}${street.to}`;
    if (!paths.has(key)) paths.set(key, wayOf(places, found, street));
    return paths.get(key);
  };
}

const isZone = (id: string): boolean => id.startsWith('zone:');

function wayOf(places: StreetPlaces, { bridges, within }: Ways, street: Run): Path | undefined {
  const { from, to, direct } = street;
  const gate = places.gates.find(({ id }) => id === from);
  if (isZone(to) && isZone(from)) return bridges.between(from, to, direct);
  if (isZone(to) && gate) return bridges.into(gate, to, direct);
  return street.direct || !places.plan.junctions[street.to]
    ? footpath(places, street)
    : wayTo(places, within, street.from, street.to);
}

/** From door to door, bowed a little: there and back are two paths. */
function footpath(
  places: StreetPlaces,
  { from, to }: { readonly from: string; readonly to: string },
): Path | undefined {
  const [start, end] = [groundOf(places, from), groundOf(places, to)];
  if (!start || !end) return undefined;
  return bowed(edgeOfGround(start, centre(end)), edgeOfGround(end, centre(start)), 0.09);
}

/** The ground a place stands on; rooms and gates are as good as points. */
function groundOf({ plan, gates, houses }: StreetPlaces, id: string): Rect | undefined {
  const point = gates.find((gate) => gate.id === id) ?? houses.get(id);
  if (point) return { x: point.x, y: point.y, width: 0, height: 0 };
  return id.startsWith('zone:') ? plan.zones[id.slice('zone:'.length)] : plan.buildings[id.replace(/^node:/, '')];
}

/** Zones are large: a street between two begins and ends well inside them. */
const LARGEST_BUILDING = 400;

function edgeOfGround(ground: Rect, towards: Point): Point {
  if (ground.width === 0) return ground;
  return ground.width > LARGEST_BUILDING ? threshold(ground, towards) : doorOf(ground, towards);
}

/** Leaves a building through the side that faces the junction; a room through the same door as its building. */
function wayTo(places: StreetPlaces, within: Within, from: string, to: string): Path | undefined {
  const junction = places.plan.junctions[to];
  if (!junction) return undefined;
  const gate = places.gates.find(({ id }) => id === from);
  if (gate) return sideways(gate, junction);
  const house = places.houses.get(from);
  if (house) return wayAround(house, junction, within);
  const ground = groundOf(places, from);
  return ground && wayAround(edgeOfGround(ground, junction), junction, within);
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

const BOWS = [0, 0.1, -0.1, 0.2, -0.2, 0.3, -0.3] as const;

/** Straight away from the door and along to the junction; around others that stand in one line with it. */
function wayAround(door: Point, junction: Point, within: Within): Path {
  const dx = junction.x - door.x;
  const dy = junction.y - door.y;
  const curve = (bow: number) => {
    const side = { x: dy * bow, y: -dx * bow };
    return cubic(
      door,
      { x: door.x + dx * 0.08 + side.x, y: door.y + dy * 0.55 + side.y },
      { x: junction.x - dx * 0.55 + side.x, y: junction.y - dy * 0.08 + side.y },
      junction,
    );
  };
  return gentlest(BOWS, curve, (path) => runsThrough(path, within, [junction]));
}

function sideways(gate: Point, junction: Point): Path {
  const dx = junction.x - gate.x;
  return cubic(gate, { x: gate.x + dx * 0.5, y: gate.y }, { x: gate.x + dx * 0.6, y: junction.y }, junction);
}
