import { hierarchy, treemap, treemapSquarify } from 'd3';
import type { Slices } from '../city/slices.ts';
import { type Body, GUTTER, NAME, VERGE } from './bodies.ts';
import { clamp, type Rect } from './geometry.ts';
import { Packer } from './pack.ts';
import type { Link, Plot } from './plots.ts';
import { settle } from './settle.ts';
import type { Spot } from './spot-grid.ts';

/** Ground in a cell for each unit of footprint: roads need air. */
export const AIR = 2.3;
export const ASPECT = 1.55;

export const footprint = (plot: Plot): number => (2 * plot.radius + GUTTER) ** 2;

/** Shapes to try for the city and its cells, the ones we like best first: one of them wastes the least ground. */
const SHAPES = [1.55, 1.75, 1.35, 1.95].flatMap((aspect) => [1, 1.4, 2].map((ratio) => ({ aspect, ratio })));
/** A city of more plots is laid out in the shape we like best: trying the others would take seconds. */
const FEW = 60;

/** Part of the mean cell that every cell has at least: beside hundreds of Services others would lie in a strip too narrow for their names. */
const LEAST = 0.2;

interface Quarter {
  readonly namespace: string;
  readonly plots: readonly Plot[];
  readonly packer: Packer;
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
        packed.push(quarter.packer.in(cells.get(quarter.namespace) as Rect));
        yield;
      }
      const failed = quarters.filter((_, i) => packed[i] === undefined);
      if (failed.length < tight.length) tight = failed;
      if (failed.length > 0) continue;
      const turns = clamp(Math.round(12_000 / plots.length), 24, 300);
      const spots: Record<string, Spot> = {};
      for (const [i, quarter] of quarters.entries()) {
        const bodies = (yield* settle(quarter.plots, cells, near, turns)) ?? (packed[i] as readonly Body[]);
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
  const quarters = [...groups].map(([namespace, own]) => {
    // The tree map keeps areas, not sides: a namespace of one plot needs some more than its square.
    const least = Math.max(...own.map(({ radius }) => 1.02 * (2 * (radius + VERGE) + NAME) ** 2));
    const area = own.reduce((sum, plot) => sum + footprint(plot) * 0.98, 0);
    return { namespace, plots: own, packer: new Packer(own), area: Math.max(least, area) };
  });
  const floor = (LEAST * quarters.reduce((sum, { area }) => sum + area, 0)) / quarters.length;
  return quarters.map((quarter) => ({ ...quarter, area: Math.max(floor, quarter.area) }));
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
