import type { Slices } from '../city/slices.ts';
import { around, overlap, type Point, type Rect } from './geometry.ts';
import { type Crossing, type Ground, placeJunctions } from './plan-junctions.ts';

/** One node and the pods that live there, already in the order in which they would like to stand. */
export interface Lot {
  readonly node: string;
  readonly zone: string;
  readonly pods: readonly string[];
}

/** Where things are on the nodes lens; given back to `planNodes` it keeps them there. */
export interface NodesPlan extends Ground {
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

/**
 * Zones as districts, nodes as buildings in them, junctions on the streets between. Pure: the same names give the same
 * plan. Buildings keep their places while the rows of rooms they need stay the same and new nodes find a free lot.
 */
export function* planNodes(
  lots: readonly Lot[],
  crossings: readonly Crossing[],
  previous: NodesPlan,
): Slices<NodesPlan> {
  if (lots.length === 0) return EMPTY_NODES_PLAN;
  const sorted = [...lots].sort((a, b) => natural(a.zone, b.zone) || natural(a.node, b.node));
  const rows = rowsFor(sorted, previous);
  const rooms = () => assignRooms(sorted, rows * COLUMNS, previous.rooms);
  const kept = keepBuildings(sorted, rows, previous);
  const corners = kept && (yield* placeJunctions(crossings, kept, previous.junctions));
  if (kept && corners) return { ...kept, rooms: rooms(), junctions: corners };
  for (let street = STREET; ; street += 24) {
    const ground = placeBuildings(sorted, rows, street);
    yield;
    const junctions = yield* placeJunctions(crossings, ground, previous.junctions);
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
