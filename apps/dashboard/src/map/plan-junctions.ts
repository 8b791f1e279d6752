import type { Slices } from '../city/slices.ts';
import { around, centre, hash, lengthOf, type Point, type Rect } from './geometry.ts';

/** A Service's junction and the nodes of its backends: it lies between them. */
export interface Crossing {
  readonly id: string;
  readonly nodes: readonly string[];
}

/** What junctions stand between. */
export interface Ground {
  readonly zones: Readonly<Record<string, Rect>>;
  readonly buildings: Readonly<Record<string, Rect>>;
}

const natural = new Intl.Collator('en', { numeric: true }).compare;

const JUNCTION_GAP = 104;
/** A junction with its name below keeps this far from walls. */
const KERB = 46;

/** A street corner, and what it costs that junctions stand near. */
interface Corner extends Point {
  taken: boolean;
  crowding: number;
}

/** Each junction takes the free street corner nearest to the middle of its backends; undefined when there are too few. */
export function* placeJunctions(
  crossings: readonly Crossing[],
  ground: Ground,
  previous: Readonly<Record<string, Point>>,
): Slices<Record<string, Point> | undefined> {
  const corners = cornersOf(ground);
  if (corners.length < crossings.length) return undefined;
  const at = new Map(corners.map((corner) => [`${corner.x},${corner.y}`, corner]));
  const placed: Record<string, Point> = {};
  const lines = linesOf(corners);
  const take = (id: string, corner: Corner) => {
    placed[id] = { x: corner.x, y: corner.y };
    corner.taken = true;
    crowd(lines, corner);
  };
  const sorted = [...crossings].sort((a, b) => natural(a.id, b.id));
  for (const { id } of sorted) {
    const corner = previous[id] && at.get(`${previous[id].x},${previous[id].y}`);
    if (corner && !corner.taken) take(id, corner);
  }
  const wishes = wisher(ground);
  for (const [i, { id, nodes }] of sorted.entries()) {
    if (i % 16 === 0) yield;
    if (placed[id]) continue;
    const wish = wishes(nodes, id);
    let best: Corner | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const corner of corners) {
      if (corner.taken || corner.crowding >= least) continue;
      const cost = lengthOf(corner.x - wish.x, corner.y - wish.y) + corner.crowding;
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
      corner.crowding += 1.6 * Math.max(0, CROWD - lengthOf(corner.x - by.x, corner.y - by.y));
      if (y === by.y && Math.abs(corner.x - by.x) < ONE_VIEW) corner.crowding += 60;
    }
  }
}

/** Junctions farther apart than this are not seen in one line. */
const ONE_VIEW = 2000;

/**
 * Points in the streets between the rows of buildings and in the gaps between zones, line by line in the middle of each, every
 * second line half a step aside; and in the streets across, for when these are crowded.
 */
function cornersOf({ zones, buildings }: Ground): Corner[] {
  const city = around(Object.values(zones));
  const walls = Object.values(buildings);
  const rows = stripsOf(walls);
  const bounds = [city.y, ...rows.flatMap(({ y, height }) => [y, y + height]), city.y + city.height];
  const corners: Point[] = [];
  let line = 0;
  for (let i = 0; i < bounds.length; i += 2) {
    const [from, to] = [(bounds[i] as number) + KERB, (bounds[i + 1] as number) - KERB];
    if (to < from) continue;
    const lines = 1 + Math.floor((to - from) / (JUNCTION_GAP * 0.72));
    for (let n = 0; n < lines; n += 1) {
      const y = Math.round(lines === 1 ? (from + to) / 2 : from + (n / (lines - 1)) * (to - from));
      const begin = city.x + KERB + (line % 2) * (JUNCTION_GAP / 2);
      for (let x = begin; x < city.x + city.width - KERB; x += JUNCTION_GAP) corners.push({ x: Math.round(x), y });
      line += 1;
    }
  }
  const corner = ({ x, y }: Point, crowding: number): Corner => ({ x, y, taken: false, crowding });
  const across = crossCorners(rows, walls, city);
  return [...corners.map((at) => corner(at, 0)), ...across.map((at) => corner(at, ACROSS))];
}

/** A street across is narrow, and names stand over its walls: what that costs. */
const ACROSS = 300;

/** Rows of buildings: the strips of ground that their heights cover. */
function stripsOf(walls: readonly Rect[]): { readonly y: number; readonly height: number }[] {
  const heights = new Map(walls.map(({ y, height }) => [y, height]));
  return [...heights].sort(([a], [b]) => a - b).map(([y, height]) => ({ y, height }));
}

/** Between two buildings of one row, and at its ends. */
function crossCorners(rows: readonly { y: number; height: number }[], walls: readonly Rect[], city: Rect): Point[] {
  const corners: Point[] = [];
  const clear = JUNCTION_GAP - KERB;
  for (const { y, height } of rows) {
    const own = walls.filter((wall) => wall.y === y).sort((a, b) => a.x - b.x);
    const edges = [city.x, ...own.flatMap((wall) => [wall.x, wall.x + wall.width]), city.x + city.width];
    for (let i = 0; i < edges.length; i += 2) {
      const [from, to] = [edges[i] as number, edges[i + 1] as number];
      if (to - from < 2 * KERB) continue;
      for (let at = y + clear; at <= y + height - clear; at += JUNCTION_GAP) {
        corners.push({ x: Math.round((from + to) / 2), y: Math.round(at) });
      }
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
