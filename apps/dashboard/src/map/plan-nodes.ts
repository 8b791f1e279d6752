import { around, centre, distanceToRect, hash, overlap, type Point, type Rect } from './geometry.ts';

/** One node and the pods that live there, already in the order in which they would like to stand. */
export interface Lot {
  readonly node: string;
  readonly zone: string;
  readonly pods: readonly string[];
}

/** A Service's junction and the nodes of its backends: it lies between them. */
export interface Crossing {
  readonly id: string;
  readonly nodes: readonly string[];
}

/** Where things are on the nodes lens; given back to `planNodes` it keeps them there. */
export interface NodesPlan {
  readonly zones: Readonly<Record<string, Rect>>;
  readonly buildings: Readonly<Record<string, Rect>>;
  /** Room number of each pod in its node's building. */
  readonly rooms: Readonly<Record<string, number>>;
  readonly junctions: Readonly<Record<string, Point>>;
}

export const EMPTY_NODES_PLAN: NodesPlan = { zones: {}, buildings: {}, rooms: {}, junctions: {} };

export const ROOM = 30;
const ROOM_GAP = 7;
const COLUMNS = 6;
const HEAD = 42;
const PAD = 16;
const STREET = 92;
const WATER = 84;
const ASPECT = 1.55;
const JUNCTION_GAP = 104;
/** A junction with its name below keeps this far from walls. */
const KERB = 46;

/**
 * Zones as districts, nodes as buildings in them, junctions on the streets between. Pure: the same names give the same
 * plan. Buildings keep their places while the rows of rooms they need stay the same and new nodes find a free lot.
 */
export function planNodes(lots: readonly Lot[], crossings: readonly Crossing[], previous: NodesPlan): NodesPlan {
  if (lots.length === 0) return EMPTY_NODES_PLAN;
  const sorted = [...lots].sort((a, b) => natural(a.zone, b.zone) || natural(a.node, b.node));
  const rows = rowsFor(sorted, previous);
  const rooms = () => assignRooms(sorted, rows * COLUMNS, previous.rooms);
  const kept = keepBuildings(sorted, rows, previous);
  const corners = kept && placeJunctions(crossings, kept, previous.junctions);
  if (kept && corners) return { ...kept, rooms: rooms(), junctions: corners };
  for (let street = STREET; ; street += 24) {
    const ground = placeBuildings(sorted, rows, street);
    const junctions = placeJunctions(crossings, ground, previous.junctions);
    if (junctions) return { ...ground, rooms: rooms(), junctions };
  }
}

const collator = new Intl.Collator('en', { numeric: true });
const natural = collator.compare;

/** Rows of rooms in every building: one free row or so in advance, and never fewer than they had. */
function rowsFor(lots: readonly Lot[], previous: NodesPlan): number {
  const most = Math.max(...lots.map((lot) => lot.pods.length));
  const had = Math.max(0, ...lots.map((lot) => (previous.buildings[lot.node]?.height ?? 0) - HEAD - PAD));
  return Math.max(2, Math.ceil((most + 2) / COLUMNS), Math.round(had / (ROOM + ROOM_GAP)));
}

type Ground = Pick<NodesPlan, 'zones' | 'buildings'>;

/**
 * The ground as it was: buildings keep their places while nodes come and go, and a new one takes a lot that is free in its
 * zone. Undefined when there is none, when a zone is new, or when the buildings must get higher.
 */
function keepBuildings(lots: readonly Lot[], rows: number, previous: NodesPlan): Ground | undefined {
  const height = heightOf(rows);
  if (Object.values(previous.buildings).some((building) => Math.abs(building.height - height) > 0.5)) return undefined;
  const buildings: Record<string, Rect> = {};
  const fresh: Lot[] = [];
  for (const lot of lots) {
    const zone = previous.zones[lot.zone];
    const building = previous.buildings[lot.node];
    if (!zone) return undefined;
    if (building && overlap(zone, building)) buildings[lot.node] = building;
    else fresh.push(lot);
  }
  for (const lot of fresh) {
    const free = freeLot(previous, lot.zone, Object.values(buildings));
    if (!free) return undefined;
    buildings[lot.node] = free;
  }
  const here = new Set(lots.map(({ zone }) => zone));
  const zones = Object.fromEntries(Object.entries(previous.zones).filter(([zone]) => here.has(zone)));
  return { zones, buildings };
}

/** A place on the zone's grid of columns and rows where no building stands, line by line. */
function freeLot(previous: NodesPlan, zone: string, taken: readonly Rect[]): Rect | undefined {
  const ground = previous.zones[zone] as Rect;
  const known = Object.values(previous.buildings).filter((building) => overlap(ground, building));
  const size = known[0];
  if (!size) return undefined;
  const inOrder = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);
  for (const y of inOrder(known.map((building) => building.y))) {
    for (const x of inOrder(known.map((building) => building.x))) {
      const lot = { ...size, x, y };
      if (!taken.some((other) => overlap(other, lot))) return lot;
    }
  }
  return undefined;
}

const heightOf = (rows: number): number => HEAD + rows * (ROOM + ROOM_GAP) + PAD;

/** Tries every number of building columns per zone and of zones per band; takes what comes nearest to the screen's shape. */
function placeBuildings(lots: readonly Lot[], rows: number, street: number): Ground {
  const zones = new Map<string, Lot[]>();
  for (const lot of lots) zones.set(lot.zone, [...(zones.get(lot.zone) ?? []), lot]);
  const largest = Math.max(...[...zones.values()].map((group) => group.length));
  let best: Ground | undefined;
  let nearest = Number.POSITIVE_INFINITY;
  for (let perBand = 1; perBand <= zones.size; perBand += 1) {
    for (let columns = 1; columns <= Math.min(largest, 40); columns += 1) {
      const ground = arrange(zones, rows, street, perBand, columns);
      const shape = around(Object.values(ground.zones));
      // A broad city fits the screen better than a tall one of the same area: measure the zoom it would need.
      const badness = Math.max(shape.width / ASPECT, shape.height);
      if (badness < nearest) {
        best = ground;
        nearest = badness;
      }
    }
  }
  return best as Ground;
}

function arrange(
  zones: ReadonlyMap<string, readonly Lot[]>,
  rows: number,
  street: number,
  perBand: number,
  columns: number,
): Ground {
  const width = COLUMNS * ROOM + (COLUMNS - 1) * ROOM_GAP + 2 * PAD;
  const height = heightOf(rows);
  const placed: Record<string, Rect> = {};
  const buildings: Record<string, Rect> = {};
  let band = { x: 0, y: 0, height: 0, zones: 0 };
  for (const [zone, lots] of zones) {
    if (band.zones === perBand) band = { x: 0, y: band.y + band.height + WATER, height: 0, zones: 0 };
    const across = Math.min(columns, lots.length);
    const down = Math.ceil(lots.length / across);
    const rect = {
      x: band.x,
      y: band.y,
      width: across * width + (across + 1) * street,
      height: down * height + (down + 1) * street + 10,
    };
    for (const [i, lot] of lots.entries()) {
      const x = rect.x + street + (i % across) * (width + street);
      const y = rect.y + street + Math.floor(i / across) * (height + street);
      buildings[lot.node] = { x, y, width, height };
    }
    placed[zone] = rect;
    band = {
      ...band,
      x: band.x + rect.width + WATER,
      height: Math.max(band.height, rect.height),
      zones: band.zones + 1,
    };
  }
  return { zones: placed, buildings };
}

/** A street corner, and what it costs that junctions stand near. */
interface Corner extends Point {
  taken: boolean;
  crowding: number;
}

/** Each junction takes the free street corner nearest to the middle of its backends; undefined when there are too few. */
function placeJunctions(
  crossings: readonly Crossing[],
  ground: Ground,
  previous: Readonly<Record<string, Point>>,
): Record<string, Point> | undefined {
  const corners = cornersOf(ground).map(({ x, y }): Corner => ({ x, y, taken: false, crowding: 0 }));
  if (corners.length < crossings.length) return undefined;
  const at = new Map(corners.map((corner) => [`${corner.x},${corner.y}`, corner]));
  const placed: Record<string, Point> = {};
  const lines = linesOf(corners);
  const take = (id: string, corner: Corner) => {
    placed[id] = { x: corner.x, y: corner.y };
    corner.taken = true;
    crowd(lines, corner);
  };
  const sorted = [...crossings].sort((a, b) => collator.compare(a.id, b.id));
  for (const { id } of sorted) {
    const corner = previous[id] && at.get(`${previous[id].x},${previous[id].y}`);
    if (corner && !corner.taken) take(id, corner);
  }
  const wishes = wisher(ground);
  for (const { id, nodes } of sorted) {
    if (placed[id]) continue;
    const wish = wishes(nodes, id);
    let best: Corner | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const corner of corners) {
      if (corner.taken || corner.crowding >= least) continue;
      const cost = Math.hypot(corner.x - wish.x, corner.y - wish.y) + corner.crowding;
      if (cost < least) [best, least] = [corner, cost];
    }
    if (best === undefined) return undefined;
    take(id, best);
  }
  return placed;
}

const linesOf = (corners: readonly Corner[]): ReadonlyMap<number, readonly Corner[]> =>
  new Map([...Map.groupBy(corners, ({ y }) => y)].sort(([a], [b]) => a - b));

const CROWD = 190;

/** Junctions in one line or close by make their streets run over each other. */
function crowd(lines: ReadonlyMap<number, readonly Corner[]>, by: Point): void {
  for (const [y, line] of lines) {
    if (Math.abs(y - by.y) >= CROWD) continue;
    for (const corner of line) {
      corner.crowding += 1.6 * Math.max(0, CROWD - Math.hypot(corner.x - by.x, corner.y - by.y));
      if (y === by.y && Math.abs(corner.x - by.x) < ONE_VIEW) corner.crowding += 60;
    }
  }
}

/** Junctions farther apart than this are not seen in one line. */
const ONE_VIEW = 2000;

/** A hexagonal grid of points over the city that keep away from walls and from the city's edge. */
function cornersOf({ zones, buildings }: Ground): Point[] {
  const city = around(Object.values(zones));
  const walls = Object.values(buildings);
  const corners: Point[] = [];
  const down = JUNCTION_GAP * 0.72;
  const lines = Math.floor((city.height - 2 * KERB) / down);
  for (let line = 0; line <= lines; line += 1) {
    const y = Math.round(city.y + KERB + line * down);
    const across = walls.filter((wall) => y > wall.y - KERB && y < wall.y + wall.height + KERB);
    for (let x = city.x + KERB + (line % 2) * (JUNCTION_GAP / 2); x < city.x + city.width - KERB; x += JUNCTION_GAP) {
      const corner = { x: Math.round(x), y };
      if (across.every((wall) => distanceToRect(corner, wall) >= KERB - 4)) corners.push(corner);
    }
  }
  return corners;
}

/** The middle of the backends' buildings, pushed by the name: most Services are everywhere, and need not all be in the middle. */
function wisher({ zones, buildings }: Ground): (nodes: readonly string[], id: string) => Point {
  const land = around(Object.values(zones));
  const city = centre(land);
  return (nodes, id) => {
    const homes = nodes.flatMap((node) => (buildings[node] ? [centre(buildings[node])] : []));
    const angle = ((hash(id) % 360) * Math.PI) / 180;
    const far = Math.sqrt((hash(`${id} far`) % 1000) / 1000);
    const x = homes.length > 0 ? homes.reduce((sum, home) => sum + home.x, 0) / homes.length : city.x;
    const y = homes.length > 0 ? homes.reduce((sum, home) => sum + home.y, 0) / homes.length : city.y;
    return { x: x + Math.cos(angle) * far * land.width * 0.36, y: y + Math.sin(angle) * far * land.height * 0.36 };
  };
}

/** Pods keep their rooms; a new one takes the free room nearest to where it stands in its node's order. */
function assignRooms(
  lots: readonly Lot[],
  capacity: number,
  previous: Readonly<Record<string, number>>,
): Record<string, number> {
  const rooms: Record<string, number> = {};
  for (const lot of lots) {
    const taken = new Set<number>();
    for (const pod of lot.pods) {
      const room = previous[pod];
      if (room === undefined || room >= capacity || taken.has(room)) continue;
      taken.add(room);
      rooms[pod] = room;
    }
    const fresh = taken.size === 0;
    for (const [wish, pod] of lot.pods.entries()) {
      if (rooms[pod] !== undefined) continue;
      const neighbour = rooms[lot.pods[wish - 1] ?? ''];
      const room = nearestFree(taken, capacity, fresh || neighbour === undefined ? wish : neighbour + 1);
      taken.add(room);
      rooms[pod] = room;
    }
  }
  return rooms;
}

/** `capacity` is larger than the number of pods (see `rowsFor`), so there is always one. */
function nearestFree(taken: ReadonlySet<number>, capacity: number, wish: number): number {
  for (let away = 0; ; away += 1) {
    if (wish + away < capacity && !taken.has(wish + away)) return wish + away;
    if (wish - away >= 0 && !taken.has(wish - away)) return wish - away;
  }
}

/** The square of a room in its building. */
export function roomRect(building: Rect, room: number): Rect {
  const x = building.x + PAD + (room % COLUMNS) * (ROOM + ROOM_GAP);
  const y = building.y + HEAD + Math.floor(room / COLUMNS) * (ROOM + ROOM_GAP);
  return { x, y, width: ROOM, height: ROOM };
}
