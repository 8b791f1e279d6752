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
import type { Slices } from '../city/slices.ts';
import { centre, clamp, hash, inset, type Point, type Rect, random } from './geometry.ts';
import type { Link, Plot } from './plots.ts';
import type { Spot } from './spot-grid.ts';

/** Room between plots for a road or two, and between circles at least. */
export const GUTTER = 30;
export const GAP = 14;
/** Ground in a cell for each unit of footprint: roads need air. */
export const AIR = 2.3;
export const ASPECT = 1.55;

export const footprint = (plot: Plot): number => (2 * plot.radius + GUTTER) ** 2;

/** Between a plot and the edge of its cell; at the top a little more, for the name of the namespace. */
const VERGE = GUTTER / 2 + 4;
const NAME = 6;

export const fits = ({ radius }: Plot, { width, height }: Rect): boolean =>
  Math.min(width, height - NAME) >= 2 * (radius + VERGE);

/** Where the middle of a plot may be. */
export function groundOf(cell: Rect, radius: number): Rect {
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
/** A city of more plots is laid out in the shape we like best: trying the others would take seconds. */
const FEW = 60;

interface Quarter {
  readonly namespace: string;
  readonly plots: readonly Plot[];
  /** Ground that it needs, at least. */
  area: number;
}

/**
 * The whole city from nothing. Every namespace gets a cell of the size that it needs and is laid out in it by itself; one
 * whose plots find no place gets more ground, until all do.
 */
export function* layOut(
  plots: readonly Plot[],
  links: readonly Link[],
): Slices<{
  readonly cells: Readonly<Record<string, readonly Rect[]>>;
  readonly spots: Readonly<Record<string, Spot>>;
}> {
  const quarters = quartersOf(plots);
  const shapes = plots.length > FEW ? SHAPES.slice(0, 1) : SHAPES;
  const near = neighbours(links);
  for (;;) {
    let tight: readonly Quarter[] = quarters;
    for (const { aspect, ratio } of shapes) {
      const cells = cellsFor(quarters, aspect, ratio);
      const packed: (readonly Body[] | undefined)[] = [];
      for (const quarter of quarters) {
        packed.push(pack(quarter, cells.get(quarter.namespace) as Rect));
        yield;
      }
      const failed = quarters.filter((_, i) => packed[i] === undefined);
      if (failed.length < tight.length) tight = failed;
      if (failed.length > 0) continue;
      const turns = clamp(Math.round(12_000 / plots.length), 24, 300);
      const spots: Record<string, Spot> = {};
      for (const [i, quarter] of quarters.entries()) {
        const bodies = settle(quarter, cells, near, turns) ?? (packed[i] as readonly Body[]);
        yield;
        for (const { plot, x, y } of bodies) spots[plot.id] = { x, y, radius: plot.radius };
      }
      return { cells: Object.fromEntries([...cells].map(([name, cell]) => [name, [cell]])), spots };
    }
    for (const quarter of tight) quarter.area *= 1.1;
  }
}

function quartersOf(plots: readonly Plot[]): Quarter[] {
  const groups = new Map<string, Plot[]>();
  for (const plot of plots) {
    const own = groups.get(plot.namespace);
    if (own) own.push(plot);
    else groups.set(plot.namespace, [plot]);
  }
  return [...groups].map(([namespace, own]) => {
    // The tree map keeps areas, not sides: a namespace of one plot needs some more than its square.
    const least = Math.max(...own.map(({ radius }) => 1.02 * (2 * (radius + VERGE) + NAME) ** 2));
    const area = own.reduce((sum, plot) => sum + footprint(plot) * 0.98, 0);
    return { namespace, plots: own, area: Math.max(least, area) };
  });
}

function cellsFor(quarters: readonly Quarter[], aspect: number, ratio: number): ReadonlyMap<string, Rect> {
  const total = quarters.reduce((sum, { area }) => sum + area, 0);
  const height = Math.sqrt(total / aspect);
  const root = hierarchy<{ name: string; size?: number; children?: { name: string; size: number }[] }>({
    name: '',
    children: quarters.map(({ namespace, area }) => ({ name: namespace, size: area })),
  })
    .sum((node) => node.size ?? 0)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0) || (a.data.name < b.data.name ? -1 : 1));
  const tree = treemap<typeof root.data>()
    .tile(treemapSquarify.ratio(ratio))
    .size([height * aspect, height])(root);
  return new Map(
    tree.leaves().map(({ data, x0, y0, x1, y1 }) => [data.name, { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }]),
  );
}

/** A first place for every plot of a namespace, in rows; undefined when the cell is too small for them. */
function pack({ plots }: Quarter, cell: Rect): readonly Body[] | undefined {
  if (!plots.every((plot) => fits(plot, cell))) return undefined;
  const largest = Math.max(...plots.map(({ radius }) => radius));
  const ground = groundOf(cell, largest);
  const step = 2 * largest + GAP;
  const columns = 1 + Math.floor(ground.width / step + 1e-9);
  const rows = 1 + Math.floor(ground.height / step + 1e-9);
  const order = [...plots].sort((a, b) => hash(a.id) - hash(b.id) || (a.id < b.id ? -1 : 1));
  if (columns * rows < plots.length) return scatter(order, cell);
  const used = Math.ceil(plots.length / columns);
  return order.map((plot, i): Body => {
    const row = Math.floor(i / columns);
    const inRow = row < used - 1 ? columns : plots.length - row * columns;
    const at = (n: number, of: number, length: number) => (of === 1 ? length / 2 : (n / (of - 1)) * length);
    const x = ground.x + at(i % columns, inRow, ground.width);
    return { plot, ground: groundOf(cell, plot.radius), x, y: ground.y + at(row, used, ground.height) };
  });
}

/** Circles never cover more of a cell than this; a few of them much less. */
const DENSEST = 0.8;

/** Plots of different sizes need not stand in rows: let them push each other until they have room. */
function scatter(plots: readonly Plot[], cell: Rect): readonly Body[] | undefined {
  const covered = plots.reduce((sum, { radius }) => sum + Math.PI * (radius + GAP / 2) ** 2, 0);
  if (covered > DENSEST * (cell.width - 2 * VERGE + GAP) * (cell.height - 2 * VERGE - NAME + GAP)) return undefined;
  const bodies = plots.map((plot) => bodyIn(cell, plot));
  return separate(bodies, PATIENCE) ? bodies : undefined;
}

/** Rounds of pushing until plots stand apart, and when it is only asked whether they could. */
const ROUNDS = 120;
const PATIENCE = 36;

function bodyIn(cell: Rect, plot: Plot): Body {
  const ground = groundOf(cell, plot.radius);
  const draw = random(hash(plot.id));
  return { plot, ground, x: ground.x + draw() * ground.width, y: ground.y + draw() * ground.height };
}

/** Who is linked to whom, both ways. */
function neighbours(links: readonly Link[]): ReadonlyMap<string, readonly string[]> {
  const near = new Map<string, string[]>();
  const add = (a: string, b: string) => {
    const own = near.get(a);
    if (own) own.push(b);
    else near.set(a, [b]);
  };
  for (const { from, to } of links) {
    if (from === to) continue;
    add(from, to);
    add(to, from);
  }
  return near;
}

/**
 * d3-force within one cell, with its own fixed random source: linked things come near, and those linked to other
 * namespaces lean towards these. Undefined when they do not come apart again.
 */
function settle(
  { plots }: Quarter,
  cells: ReadonlyMap<string, Rect>,
  near: ReadonlyMap<string, readonly string[]>,
  turns: number,
): readonly Body[] | undefined {
  const cell = cells.get(plots[0]?.namespace ?? '') as Rect;
  const bodies = plots.map((plot) => bodyIn(cell, plot));
  const own = new Set(plots.map(({ id }) => id));
  const pairs = plots.flatMap(({ id }) =>
    (near.get(id) ?? []).flatMap((other) => (own.has(other) && id < other ? [{ source: id, target: other }] : [])),
  );
  const pulls = new Map(plots.map(({ id }) => [id, pullOf(near.get(id) ?? [], own, cells) ?? centre(cell)]));
  const pull = ({ plot }: Body) => pulls.get(plot.id) as Point;
  const simulation = forceSimulation(bodies)
    .force('x', forceX<Body>((body) => pull(body).x).strength(0.04))
    .force('y', forceY<Body>((body) => pull(body).y).strength(0.04))
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
  for (let i = 0; i < turns; i += 1) {
    simulation.tick();
    bodies.forEach(hold);
  }
  stretch(bodies);
  return separate(bodies, ROUNDS) ? bodies : undefined;
}

/** The middle of the namespaces that something is linked to; undefined when these are its own only. */
function pullOf(
  near: readonly string[],
  own: ReadonlySet<string>,
  cells: ReadonlyMap<string, Rect>,
): Point | undefined {
  let [x, y, n] = [0, 0, 0];
  for (const id of near) {
    if (own.has(id)) continue;
    const cell = cells.get(id.slice(id.indexOf(':') + 1, id.indexOf('/')));
    if (!cell) continue;
    const middle = centre(cell);
    [x, y, n] = [x + middle.x, y + middle.y, n + 1];
  }
  return n === 0 ? undefined : { x: x / n, y: y / n };
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
function separate(bodies: readonly Body[], rounds: number): boolean {
  const reach = 2 * Math.max(...bodies.map(({ plot }) => plot.radius)) + GAP;
  for (let turn = 0; turn < rounds; turn += 1) {
    const touched = bodies.length > FEW ? pushNear(bodies, reach) : pushAll(bodies);
    if (!touched) return true;
  }
  return false;
}

function pushAll(bodies: readonly Body[]): boolean {
  let touched = false;
  for (let i = 0; i < bodies.length; i += 1) {
    for (let j = i + 1; j < bodies.length; j += 1) touched = push(bodies[i] as Body, bodies[j] as Body) || touched;
  }
  return touched;
}

/** Only those may touch whose middles lie in the same or in neighbouring squares of this side. */
function pushNear(bodies: readonly Body[], side: number): boolean {
  const squares = new Map<number, number[]>();
  const at = (value: number) => Math.floor(value / side);
  const keyOf = (i: number, j: number) => i * 1_048_576 + j;
  for (const [i, { x, y }] of bodies.entries()) {
    const key = keyOf(at(x), at(y));
    const own = squares.get(key);
    if (own) own.push(i);
    else squares.set(key, [i]);
  }
  let touched = false;
  for (const [i, a] of bodies.entries()) {
    const [column, row] = [at(a.x), at(a.y)];
    for (let square = 0; square < 9; square += 1) {
      const key = keyOf(column - 1 + (square % 3), row - 1 + Math.floor(square / 3));
      for (const j of squares.get(key) ?? []) if (j > i) touched = push(a, bodies[j] as Body) || touched;
    }
  }
  return touched;
}

/** Moves both when they touch; false when they do not. */
function push(a: Body, b: Body): boolean {
  const need = a.plot.radius + b.plot.radius + GAP;
  const distance = Math.hypot(b.x - a.x, b.y - a.y);
  if (distance >= need - 0.5) return false;
  const angle = (hash(b.plot.id) % 628) / 100;
  const [x, y] = distance > 0 ? [(b.x - a.x) / distance, (b.y - a.y) / distance] : [Math.cos(angle), Math.sin(angle)];
  const by = (need - distance) / 2 + 0.3;
  a.x -= x * by;
  a.y -= y * by;
  b.x += x * by;
  b.y += y * by;
  hold(a);
  hold(b);
  return true;
}
