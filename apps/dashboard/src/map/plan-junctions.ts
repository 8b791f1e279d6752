import type { Slices } from '../city/slices.ts';
import { around, centre, distanceToRect, hash, type Point, type Rect } from './geometry.ts';

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
