import type { Closed } from '../city/gates.ts';
import { addPath, type Brush, chosen, grainOf, isSeen, mix, presence } from './brush.ts';
import type { Point } from './geometry.ts';
import type { Path } from './path.ts';
import type { Pen } from './pen.ts';
import { HOUSE } from './ring.ts';
import type { Barred, House, Junction } from './scene.ts';
import { disc } from './shapes.ts';

/**
 * A gate is a fence across the way: pickets keep out who comes, rails keep in who would leave, and both together are a
 * lattice. Half its breadth and depth, and the way through it as a unit vector.
 */
export interface Fence {
  readonly at: Point;
  readonly way: Point;
  readonly half: number;
  readonly closed: Closed;
}

const DEPTH = 0.46;
const PICKETS = [-0.72, -0.24, 0.24, 0.72] as const;

/** Below this many pixels of half its breadth a gate is one thick bar: pickets would run together. */
const DETAILED = 4;

/** Adds a gate to the path that is being drawn. */
export function addFence(context: Pen, { at, way, half, closed }: Fence, detailed = true): void {
  const point = (across: number, along: number): [number, number] => [
    at.x - way.y * across * half + way.x * along * half,
    at.y + way.x * across * half + way.y * along * half,
  ];
  const line = (from: readonly [number, number], to: readonly [number, number]) => {
    context.moveTo(...point(...from));
    context.lineTo(...point(...to));
  };
  const rails = closed === 'in' || !detailed ? [0] : [-DEPTH * 0.5, DEPTH * 0.5];
  for (const along of rails) line([-1, along], [1, along]);
  if (!detailed) return;
  for (const across of closed === 'out' ? [-1, 1] : PICKETS) line([across, -DEPTH], [across, DEPTH]);
}

/** The closed gates of many houses and rooms, in as few strokes as there are kinds. */
export function drawGates(brush: Brush, houses: readonly House[], junctions: ReadonlyMap<string, Junction>): void {
  const closed = houses.filter((house) => house.closed !== undefined);
  if (closed.length === 0) return;
  const { context, palette, zoom } = brush;
  const groups = Map.groupBy(closed, (house) => `${presence(brush, house.id)}|${house.stale}`);
  context.save();
  context.setLineDash([]);
  context.lineJoin = 'round';
  for (const group of groups.values()) {
    const [first] = group as [House];
    const fences = group.map((house) => fenceOf(house, junctions.get(house.at ?? ''), zoom));
    context.globalAlpha = presence(brush, first.id) * (first.stale ? 0.6 : 1);
    strokeFences(brush, fences, palette.text, first.hue === undefined ? palette.casing : palette.wall);
  }
  context.restore();
}

function strokeFences(brush: Brush, fences: readonly Fence[], colour: string, back: string): void {
  const { context, zoom } = brush;
  for (const [detailed, own] of Map.groupBy(fences, ({ half }) => half * zoom >= DETAILED)) {
    const breadth = detailed ? Math.max(...own.map(({ half }) => half)) * 0.17 : 2.2 / zoom;
    for (const [paint, width] of [
      [back, 2.6 * breadth],
      [colour, breadth],
    ] as const) {
      context.beginPath();
      for (const fence of own) addFence(context, fence, detailed);
      context.lineCap = paint === back ? 'round' : 'butt';
      context.strokeStyle = paint;
      context.lineWidth = width;
      context.stroke();
    }
  }
}

/** Before the door: on the drive to the roundabout, else at the foot of the wall. */
export function fenceOf({ x, y, size, hue, closed }: House, junction: Junction | undefined, zoom: number): Fence {
  const room = hue !== undefined;
  const half = Math.max(room ? size * 0.3 : HOUSE * 0.46, 2.4 / zoom);
  const far = junction ? Math.hypot(junction.x - x, junction.y - y) : 0;
  const way = junction && far > 0 ? { x: (junction.x - x) / far, y: (junction.y - y) / far } : { x: 0, y: 1 };
  const out = room ? size / 2 - half * 0.6 : size / 2 + half * 0.5;
  return { at: { x: x + way.x * out, y: y + way.y * out }, way, half, closed: closed ?? 'in' };
}

/** A Service all of whose backends are closed: one gate on its ring. */
export function drawBarredJunction(brush: Brush, { x, y, radius }: Junction): void {
  const { context, palette } = brush;
  const half = Math.min(11, 4 + radius * 0.16);
  const at = { x: x - radius * 0.71, y: y + radius * 0.71 };
  context.setLineDash([]);
  disc(context, at.x, at.y, half * 1.35);
  context.fillStyle = palette.plaza;
  context.fill();
  strokeFences(brush, [{ at, way: { x: 0, y: 1 }, half, closed: 'in' }], palette.text, palette.plaza);
}

/** Streets of refused attempts: two broken rails with nothing between them, unlike every road. */
export function drawBarredStreets(brush: Brush, streets: readonly Barred[]): void {
  const { context, palette } = brush;
  const grain = grainOf(brush);
  const seen = streets.filter(({ path }) => isSeen(brush, path.ground));
  if (seen.length === 0) return;
  const strokes = [
    [palette.casing, 8, []],
    [palette.refused, 5.4, [9, 6]],
    [mix(palette.refused, palette.ground, 0.1), 2.8, []],
  ] as const;
  context.save();
  context.lineJoin = 'bevel';
  context.lineCap = 'butt';
  for (const back of brush.emphasis ? [false, true] : [true]) {
    const own = seen.filter(({ id }) => (presence(brush, id) === 1) === back);
    context.globalAlpha = back ? 1 : 0.22;
    for (const [colour, width, dash] of strokes) {
      context.beginPath();
      for (const { path } of own) addPath(brush, path);
      context.setLineDash(dash.map((length) => length * grain));
      context.strokeStyle = colour;
      context.lineWidth = width * grain;
      context.stroke();
    }
  }
  context.restore();
}

/** The gates at which they end, above the places. */
export function drawBarredGates(brush: Brush, streets: readonly Barred[]): void {
  const { context, palette, zoom } = brush;
  context.save();
  context.setLineDash([]);
  for (const street of streets) {
    if (!isSeen(brush, street.path.ground)) continue;
    const lit = chosen(brush, street.id);
    const half = Math.max(8, 8 / zoom) * (lit ? 1.3 : 1);
    context.globalAlpha = presence(brush, street.id);
    strokeFences(brush, [{ ...endOf(street.path), half, closed: 'in' }], palette.refused, palette.casing);
  }
  context.restore();
}

/** Where a path ends, and in which direction. */
export function endOf({ xy }: Path): { readonly at: Point; readonly way: Point } {
  const n = xy.length;
  const [x0, y0, x1, y1] = [xy[n - 4], xy[n - 3], xy[n - 2], xy[n - 1]] as [number, number, number, number];
  const far = Math.hypot(x1 - x0, y1 - y0) || 1;
  return { at: { x: x1, y: y1 }, way: { x: (x1 - x0) / far, y: (y1 - y0) / far } };
}
