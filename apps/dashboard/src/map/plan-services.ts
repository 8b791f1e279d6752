import type { Slices } from '../city/slices.ts';
import { fits, GAP, GUTTER, groundOf } from './bodies.ts';
import { around, centre, inset, lengthOf, overlap, type Point, type Rect } from './geometry.ts';
import { AIR, ASPECT, footprint, layOut } from './lay-out.ts';
import type { Link, Plot } from './plots.ts';
import { type Spot, SpotGrid } from './spot-grid.ts';

/** Where things are. Given back to `planServices` it keeps them there. Plain data: it survives in the browser's store. */
export interface ServicesPlan {
  /** Ground of each namespace: one cell, and more where it had to grow. */
  readonly cells: Readonly<Record<string, readonly Rect[]>>;
  readonly spots: Readonly<Record<string, Spot>>;
}
export const EMPTY_SERVICES_PLAN: ServicesPlan = { cells: {}, spots: {} };

/**
 * Gives every plot a place inside its namespace's ground. Pure and seeded by names: the same input gives the same city.
 * With a `previous` plan nothing that had a place moves; what is new is set beside what it is linked to, and a namespace
 * that is full gets more ground at the edge of the city.
 */
export function* planServices(
  plots: readonly Plot[],
  links: readonly Link[],
  previous: ServicesPlan,
): Slices<ServicesPlan> {
  if (plots.length === 0) return EMPTY_SERVICES_PLAN;
  const sorted = [...plots].sort((a, b) => (a.id < b.id ? -1 : 1));
  const kept = keep(sorted, previous);
  return Object.keys(kept.spots).length === 0 ? yield* layOut(sorted, links) : yield* extend(sorted, links, kept);
}

/** What stands in both, and has not outgrown its ground into a neighbour's. */
function keep(plots: readonly Plot[], previous: ServicesPlan): ServicesPlan {
  const spots: Record<string, Spot> = {};
  const cells: Record<string, readonly Rect[]> = {};
  const grid = new SpotGrid();
  for (const plot of plots) {
    const own = previous.cells[plot.namespace];
    const spot = previous.spots[plot.id];
    if (own) cells[plot.namespace] = own;
    if (!own || !spot) continue;
    const grown = { ...spot, radius: plot.radius };
    if (!grid.isClear(grown, GAP / 2)) continue;
    spots[plot.id] = grown;
    grid.add(grown);
  }
  return { cells, spots };
}

/** Sets what is new into the city that stands. */
function* extend(plots: readonly Plot[], links: readonly Link[], kept: ServicesPlan): Slices<ServicesPlan> {
  const spots: Record<string, Spot> = { ...kept.spots };
  const cells: Record<string, readonly Rect[]> = { ...kept.cells };
  const grid = new SpotGrid(Object.values(spots));
  const waiting = plots.filter(({ id }) => !spots[id]);
  const wished = wishes(waiting, links);
  for (const [i, plot] of waiting.entries()) {
    yield;
    const own = cells[plot.namespace] ?? [];
    const wish = wished(plot, spots);
    let spot = own.map((cell) => freeSpot(plot, wish, cell, grid)).find((found) => found !== undefined);
    if (!spot) {
      const mates = waiting.slice(i).filter(({ namespace }) => namespace === plot.namespace);
      const cell = newCell(mates, Object.values(cells).flat());
      cells[plot.namespace] = [...own, cell];
      spot = freeSpot(plot, wish, cell, grid) ?? { ...centre(cell), radius: plot.radius };
    }
    spots[plot.id] = spot;
    grid.add(spot);
  }
  return { cells, spots };
}

/** Where each plot would like to be: in the middle of what it is linked to; undefined without any that stands. */
function wishes(plots: readonly Plot[], links: readonly Link[]) {
  const near = new Map<string, string[]>(plots.map(({ id }) => [id, []]));
  for (const { from, to } of links) {
    near.get(from)?.push(to);
    near.get(to)?.push(from);
  }
  return ({ id }: Plot, spots: Readonly<Record<string, Spot>>): Point | undefined => {
    const known = (near.get(id) ?? []).flatMap((other) => spots[other] ?? []);
    return known.length > 0 ? mean(known) : undefined;
  };
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
  const whole = around(cells);
  let best: Rect = { x: whole.x + whole.width, y: whole.y, width: side, height: side };
  let least = Number.POSITIVE_INFINITY;
  for (const corner of corners) {
    const cell = { ...corner, width: side, height: side };
    const city = around([whole, cell]);
    const size = Math.max(city.width / ASPECT, city.height);
    if (size < least && !cells.some((other) => overlap(inset(other, 1), cell))) [best, least] = [cell, size];
  }
  return best;
}

function freeSpot(plot: Plot, wished: Point | undefined, cell: Rect, grid: SpotGrid): Spot | undefined {
  if (!fits(plot, cell)) return undefined;
  const ground = groundOf(cell, plot.radius);
  const wish = wished ?? centre(cell);
  const step = Math.max(8, plot.radius / 5);
  let best: Spot | undefined;
  let nearest = Number.POSITIVE_INFINITY;
  for (let x = ground.x; x <= ground.x + ground.width; x += step) {
    for (let y = ground.y; y <= ground.y + ground.height; y += step) {
      const distance = lengthOf(x - wish.x, y - wish.y);
      if (distance >= nearest) continue;
      const spot = { x, y, radius: plot.radius };
      if (grid.isClear(spot, GAP / 2)) [best, nearest] = [spot, distance];
    }
  }
  return best;
}

const mean = (points: readonly Point[]): Point => ({
  x: points.reduce((sum, point) => sum + point.x, 0) / points.length,
  y: points.reduce((sum, point) => sum + point.y, 0) / points.length,
});
