import { clamp, hash, inset, type Rect, random } from './geometry.ts';
import type { Plot } from './plots.ts';

/** Room between plots for a road or two, and between circles at least. */
export const GUTTER = 30;
export const GAP = 14;
/** Between a plot and the edge of its cell; at the top a little more, for the name of the namespace. */
export const VERGE = GUTTER / 2 + 4;
export const NAME = 6;

/** A plot that looks for its place in a cell. */
export interface Body {
  readonly plot: Plot;
  /** Where its middle may be. */
  readonly ground: Rect;
  x: number;
  y: number;
}

export const fits = ({ radius }: Plot, { width, height }: Rect): boolean =>
  Math.min(width, height - NAME) >= 2 * (radius + VERGE);

/** Where the middle of a plot may be. */
export function groundOf(cell: Rect, radius: number): Rect {
  const ground = inset(cell, radius + VERGE);
  return { ...ground, y: ground.y + NAME, height: Math.max(0, ground.height - NAME) };
}

/** Somewhere in the cell, by its name. */
export function bodyIn(cell: Rect, plot: Plot): Body {
  const ground = groundOf(cell, plot.radius);
  const draw = random(hash(plot.id));
  return { plot, ground, x: ground.x + draw() * ground.width, y: ground.y + draw() * ground.height };
}

export function hold(body: Body): void {
  body.x = clamp(body.x, body.ground.x, body.ground.x + body.ground.width);
  body.y = clamp(body.y, body.ground.y, body.ground.y + body.ground.height);
}
