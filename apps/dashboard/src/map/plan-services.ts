import {
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
  hierarchy,
  type SimulationNodeDatum,
  treemap,
  treemapSquarify,
} from 'd3';
import { around, centre, clamp, hash, inset, overlap, type Point, type Rect, random } from './geometry.ts';

/** A thing that needs ground in its namespace: a roundabout with its houses, or a hamlet. */
export interface Plot {
  readonly id: string;
  readonly namespace: string;
  /** Radius of the circle it needs, houses included. */
  readonly radius: number;
}

export interface Link {
  readonly from: string;
  readonly to: string;
}

/** Where things are. Given back to `planServices` it keeps them there. Plain data: it survives in the browser's store. */
export interface ServicesPlan {
  /** Ground of each namespace: one cell, and more where it had to grow. */
  readonly cells: Readonly<Record<string, readonly Rect[]>>;
  readonly spots: Readonly<Record<string, Spot>>;
}
interface Spot extends Point {
  readonly radius: number;
}

export const EMPTY_SERVICES_PLAN: ServicesPlan = { cells: {}, spots: {} };

const GUTTER = 30;
const GAP = 14;
/** Ground in a cell for each unit of footprint: roads need air. */
const AIR = 2.3;
const ASPECT = 1.55;

/**
 * Gives every plot a place inside its namespace's ground. Pure and seeded by names: the same input gives the same city.
 * With a `previous` plan nothing that had a place moves; what is new is set beside what it is linked to, and a namespace
 * that is full gets more ground at the edge of the city.
 */
export function planServices(plots: readonly Plot[], links: readonly Link[], previous: ServicesPlan): ServicesPlan {
  if (plots.length === 0) return EMPTY_SERVICES_PLAN;
  const sorted = [...plots].sort((a, b) => a.id.localeCompare(b.id));
  const kept = keep(sorted, previous);
  return Object.keys(kept.spots).length === 0 ? layOut(sorted, links) : extend(sorted, links, kept);
}

/** What stands in both, and has not outgrown its ground into a neighbour's. */
function keep(plots: readonly Plot[], previous: ServicesPlan): ServicesPlan {
  const spots: Record<string, Spot> = {};
  const cells: Record<string, readonly Rect[]> = {};
  for (const plot of plots) {
    const own = previous.cells[plot.namespace];
    const spot = previous.spots[plot.id];
    if (own) cells[plot.namespace] = own;
    if (!own || !spot) continue;
    const grown = { ...spot, radius: plot.radius };
    if (Object.values(spots).every((other) => clear(grown, other))) spots[plot.id] = grown;
  }
  return { cells, spots };
}

const clear = (a: Spot, b: Spot): boolean => Math.hypot(a.x - b.x, a.y - b.y) >= a.radius + b.radius + GAP / 2;

/** Sets what is new into the city that stands. */
function extend(plots: readonly Plot[], links: readonly Link[], kept: ServicesPlan): ServicesPlan {
  const spots: Record<string, Spot> = { ...kept.spots };
  const cells: Record<string, readonly Rect[]> = { ...kept.cells };
  for (const plot of plots) {
    if (spots[plot.id]) continue;
    const own = cells[plot.namespace] ?? [];
    let spot = own.map((cell) => freeSpot(plot, links, cell, spots)).find((found) => found !== undefined);
    if (!spot) {
      const waiting = plots.filter((other) => other.namespace === plot.namespace && !spots[other.id]);
      const cell = newCell(waiting, Object.values(cells).flat());
      cells[plot.namespace] = [...own, cell];
      spot = freeSpot(plot, links, cell, spots) ?? { ...centre(cell), radius: plot.radius };
    }
    spots[plot.id] = spot;
  }
  return { cells, spots };
}

/** More ground, against the cells that are there: where the city stays smallest on a screen. */
function newCell(plots: readonly Plot[], cells: readonly Rect[]): Rect {
  const side = Math.max(
    Math.sqrt(AIR * plots.reduce((sum, plot) => sum + footprint(plot), 0)),
    ...plots.map((plot) => 2 * (plot.radius + GUTTER)),
  );
  const corners = cells.flatMap(({ x, y, width, height }) => [
    { x: x + width, y },
    { x, y: y + height },
  ]);
  let best: Rect = { x: 0, y: 0, width: side, height: side };
  let least = Number.POSITIVE_INFINITY;
  for (const corner of corners) {
    const cell = { ...corner, width: side, height: side };
    const city = around([...cells, cell]);
    const size = Math.max(city.width / ASPECT, city.height);
    if (size < least && !cells.some((other) => overlap(inset(other, 1), cell))) [best, least] = [cell, size];
  }
  return best;
}

function freeSpot(plot: Plot, links: readonly Link[], cell: Rect, spots: Readonly<Record<string, Spot>>) {
  if (!fits(plot, cell)) return undefined;
  const ground = groundOf(cell, plot.radius);
  const near = links
    .filter((link) => link.from === plot.id || link.to === plot.id)
    .flatMap((link) => spots[link.from === plot.id ? link.to : link.from] ?? []);
  const wish = near.length > 0 ? mean(near) : centre(cell);
  const others = Object.values(spots);
  const step = Math.max(8, plot.radius / 5);
  let best: Spot | undefined;
  let nearest = Number.POSITIVE_INFINITY;
  for (let x = ground.x; x <= ground.x + ground.width; x += step) {
    for (let y = ground.y; y <= ground.y + ground.height; y += step) {
      const spot = { x, y, radius: plot.radius };
      const distance = Math.hypot(x - wish.x, y - wish.y);
      if (distance < nearest && others.every((other) => clear(spot, other))) {
        best = spot;
        nearest = distance;
      }
    }
  }
  return best;
}

const mean = (points: readonly Point[]): Point => ({
  x: points.reduce((sum, point) => sum + point.x, 0) / points.length,
  y: points.reduce((sum, point) => sum + point.y, 0) / points.length,
});

const footprint = (plot: Plot): number => (2 * plot.radius + GUTTER) ** 2;

/** Between a plot and the edge of its cell; at the top a little more, for the name of the namespace. */
const VERGE = GUTTER / 2 + 4;
const NAME = 6;

const fits = ({ radius }: Plot, { width, height }: Rect): boolean =>
  Math.min(width, height - NAME) >= 2 * (radius + VERGE);

/** Where the middle of a plot may be. */
function groundOf(cell: Rect, radius: number): Rect {
  const ground = inset(cell, radius + VERGE);
  return { ...ground, y: ground.y + NAME, height: Math.max(0, ground.height - NAME) };
}

interface Body extends SimulationNodeDatum {
  readonly plot: Plot;
  readonly ground: Rect;
  x: number;
  y: number;
}

/** Shapes to try for the city and its cells, the ones we like best first: one of them wastes the least ground. */
const SHAPES = [1.55, 1.75, 1.35, 1.95].flatMap((aspect) => [1, 1.4, 2].map((ratio) => ({ aspect, ratio })));

/** The whole city from nothing; grows its ground until everything finds a place on it. */
function layOut(plots: readonly Plot[], links: readonly Link[]): ServicesPlan {
  for (let scale = 0.85; ; scale *= 1.08) {
    for (const { aspect, ratio } of SHAPES) {
      const cells = cellsFor(plots, scale, aspect, ratio);
      if (!plots.every((plot) => fits(plot, cells[plot.namespace] as Rect))) continue;
      const bodies = settle(plots, links, cells);
      if (!separate(bodies)) break;
      const spots = bodies.map(({ plot, x, y }) => [plot.id, { x, y, radius: plot.radius }] as const);
      const grounds = Object.entries(cells).map(([name, cell]) => [name, [cell]] as const);
      return { cells: Object.fromEntries(grounds), spots: Object.fromEntries(spots) };
    }
  }
}

function cellsFor(plots: readonly Plot[], scale: number, aspect: number, ratio: number): Record<string, Rect> {
  const area = new Map<string, number>();
  for (const plot of plots) area.set(plot.namespace, (area.get(plot.namespace) ?? 0) + footprint(plot) * (AIR / 2));
  for (const plot of plots) {
    // The tree map keeps areas, not sides: a namespace of one plot needs some more than its square.
    const least = 1.2 * (2 * (plot.radius + VERGE) + NAME) ** 2;
    area.set(plot.namespace, Math.max(area.get(plot.namespace) ?? 0, least));
  }
  const total = [...area.values()].reduce((sum, value) => sum + value, 0);
  const height = Math.sqrt((total * scale) / aspect);
  const root = hierarchy<{ name: string; size?: number; children?: { name: string; size: number }[] }>({
    name: '',
    children: [...area].map(([name, size]) => ({ name, size })),
  })
    .sum((node) => node.size ?? 0)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0) || a.data.name.localeCompare(b.data.name));
  const tree = treemap<typeof root.data>()
    .tile(treemapSquarify.ratio(ratio))
    .size([height * aspect, height])(root);
  return Object.fromEntries(
    tree.leaves().map(({ data, x0, y0, x1, y1 }) => [data.name, { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }]),
  );
}

/** d3-force with its own fixed random source: linked things come near, nothing leaves its cell. */
function settle(plots: readonly Plot[], links: readonly Link[], cells: Record<string, Rect>): Body[] {
  const bodies = plots.map((plot): Body => {
    const ground = groundOf(cells[plot.namespace] as Rect, plot.radius);
    const draw = random(hash(plot.id));
    return { plot, ground, x: ground.x + draw() * ground.width, y: ground.y + draw() * ground.height };
  });
  const known = new Set(plots.map((plot) => plot.id));
  const pairs = links
    .filter((link) => link.from !== link.to && known.has(link.from) && known.has(link.to))
    .map((link) => ({ source: link.from, target: link.to }));
  const simulation = forceSimulation(bodies)
    .force('x', forceX<Body>((body) => body.ground.x + body.ground.width / 2).strength(0.05))
    .force('y', forceY<Body>((body) => body.ground.y + body.ground.height / 2).strength(0.05))
    .force(
      'apart',
      forceManyBody<Body>().strength((body) => -4 * body.plot.radius),
    )
    .force('collide', forceCollide<Body>((body) => body.plot.radius + GAP).iterations(2))
    .force(
      'link',
      forceLink<Body, { source: string; target: string }>(pairs)
        .id((body) => body.plot.id)
        .distance(230)
        .strength(0.12),
    )
    .stop();
  // 300 turns for up to 40 plots, fewer for large cities: opening the page must not take seconds.
  const turns = clamp(Math.round(12_000 / plots.length), 30, 300);
  for (let i = 0; i < turns; i += 1) {
    simulation.tick();
    bodies.forEach(hold);
  }
  for (const namespace of Object.keys(cells)) stretch(bodies.filter((body) => body.plot.namespace === namespace));
  return bodies;
}

/** Pulls the plots of one cell apart until they use it: links draw them together more than there is need to. */
function stretch(bodies: readonly Body[]): void {
  for (const axis of ['x', 'y'] as const) {
    const side = axis === 'x' ? 'width' : 'height';
    const low = Math.min(...bodies.map((body) => body[axis]));
    const high = Math.max(...bodies.map((body) => body[axis]));
    const from = Math.max(...bodies.map((body) => body.ground[axis]));
    const room = Math.min(...bodies.map((body) => body.ground[axis] + body.ground[side])) - from;
    // Those in one line stay in one line, in the middle.
    const factor = high - low < 40 ? 1 : Math.min(2, (0.92 * room) / (high - low));
    for (const body of bodies) body[axis] = from + room / 2 + (body[axis] - (low + high) / 2) * factor;
    bodies.forEach(hold);
  }
}

function hold(body: Body): void {
  body.x = clamp(body.x, body.ground.x, body.ground.x + body.ground.width);
  body.y = clamp(body.y, body.ground.y, body.ground.y + body.ground.height);
}

/** Pushes overlapping plots of one cell apart; false when the cell is too small for them. */
function separate(bodies: readonly Body[]): boolean {
  for (let turn = 0; turn < 120; turn += 1) {
    let touched = false;
    for (const [i, a] of bodies.entries()) {
      for (let j = i + 1; j < bodies.length; j += 1) {
        const b = bodies[j] as Body;
        const need = a.plot.radius + b.plot.radius + GAP;
        const distance = Math.hypot(b.x - a.x, b.y - a.y);
        if (distance >= need - 0.5) continue;
        touched = true;
        const angle = distance > 0 ? Math.atan2(b.y - a.y, b.x - a.x) : (hash(b.plot.id) % 628) / 100;
        const push = (need - distance) / 2 + 0.3;
        a.x -= Math.cos(angle) * push;
        a.y -= Math.sin(angle) * push;
        b.x += Math.cos(angle) * push;
        b.y += Math.sin(angle) * push;
        hold(a);
        hold(b);
      }
    }
    if (!touched) return true;
  }
  return false;
}
