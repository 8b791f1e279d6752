import { type Body, bodyIn, fits, GAP, groundOf, NAME, VERGE } from './bodies.ts';
import { hash, type Rect } from './geometry.ts';
import type { Plot } from './plots.ts';
import { separate } from './separate.ts';

/** Rounds of pushing while it is only asked whether plots could stand apart. */
const PATIENCE = 36;

/** The plots of one namespace, and what is known of the cells they find a place in: cells change a little, again and again. */
export class Packer {
  readonly #plots: readonly Plot[];
  /** A cell that was large enough, and one that was not. */
  #enough: { readonly cell: Rect; readonly bodies: readonly Body[] } | undefined;
  #small: Rect | undefined;

  constructor(plots: readonly Plot[]) {
    this.#plots = plots;
  }

  /** A first place for every plot; undefined when the cell is too small for them. */
  in(cell: Rect): readonly Body[] | undefined {
    if (this.#small && holds(this.#small, cell)) return undefined;
    const enough = this.#enough;
    if (enough && holds(cell, enough.cell)) {
      return enough.bodies.map(({ plot, x, y }) => ({
        ...{ plot, ground: groundOf(cell, plot.radius) },
        ...{ x: x + cell.x - enough.cell.x, y: y + cell.y - enough.cell.y },
      }));
    }
    const bodies = pack(this.#plots, cell);
    if (bodies) this.#enough = { cell, bodies };
    else this.#small = cell;
    return bodies;
  }
}

/** Is there no side on which the second is longer? */
const holds = (a: Rect, b: Rect): boolean => a.width >= b.width && a.height >= b.height;

/** In rows, if they find room so. */
function pack(plots: readonly Plot[], cell: Rect): readonly Body[] | undefined {
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
