import type { Emphasis } from './emphasis.ts';
import { overlap, type Rect } from './geometry.ts';
import type { Palette } from './palette.ts';
import type { Path } from './path.ts';
import type { Pen } from './pen.ts';

/** Everything a drawing step needs besides the scene. */
export interface Brush<P extends Pen = Pen> {
  readonly context: P;
  readonly palette: Palette;
  readonly emphasis?: Emphasis;
  /** The ground that is drawn, world units; without it all. */
  readonly clip?: Rect;
  /** Screen pixels per world unit. */
  readonly zoom: number;
  readonly night: boolean;
  /** Unix ms by the hub's clock: for ages in words. */
  readonly now: number;
}

/** From far away roads and dots keep a breadth that can be seen: world units for one unit of their size. */
export const grainAt = (zoom: number): number => Math.max(1, 0.5 / zoom);
export const grainOf = (brush: Brush): number => grainAt(brush.zoom);

export const isSeen = ({ clip }: Brush, ground: Rect): boolean => clip === undefined || overlap(clip, ground);

/** What a selection does not touch steps back. */
export const presence = (brush: Brush, id: string, back = 0.26): number =>
  !brush.emphasis || brush.emphasis.touched.has(id) ? 1 : back;

export const chosen = (brush: Brush, id: string): boolean => brush.emphasis?.chosen.has(id) ?? false;

export function roundRect(context: Pen, rect: Rect, radius: number): void {
  context.beginPath();
  context.roundRect(rect.x, rect.y, rect.width, rect.height, radius);
}

/** Mixes `a` into `b` in the browser's own colour arithmetic; `part` of `a` in 0..1. */
export const mix = (a: string, b: string, part: number): string =>
  `color-mix(in oklab, ${a} ${Math.round(part * 100)}%, ${b})`;

/** Diagonal lines over a shape: nothing is known of it. */
export function hatch(context: Pen, rect: Rect, colour: string): void {
  context.save();
  roundRect(context, rect, 5);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1.2;
  context.beginPath();
  for (let x = rect.x - rect.height; x < rect.x + rect.width; x += 5) {
    context.moveTo(x, rect.y + rect.height);
    context.lineTo(x + rect.height, rect.y);
  }
  context.stroke();
  context.restore();
}

export function tracePath(brush: Brush, path: Path): void {
  brush.context.beginPath();
  addPath(brush, path);
}

/** As many of its points as can be told apart: no piece gets longer than this, pixels. */
const LONGEST_PIECE = 10;

export function addPath({ context, zoom }: Brush, { xy, length }: Path): void {
  const last = xy.length - 2;
  const piece = ((2 * length) / last) * zoom;
  const step = piece * 4 <= LONGEST_PIECE ? 8 : piece * 2 <= LONGEST_PIECE ? 4 : 2;
  context.moveTo(xy[0] as number, xy[1] as number);
  for (let i = step; i < last; i += step) context.lineTo(xy[i] as number, xy[i + 1] as number);
  context.lineTo(xy[last] as number, xy[last + 1] as number);
}
