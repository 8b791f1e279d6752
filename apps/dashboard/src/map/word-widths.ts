import type { Pen } from './pen.ts';

/** Words are measured once: a map has the same ones second after second. */
const widths = new Map<string, number>();
const MOST = 20_000;

/** Width of `text` in CSS pixels as this pen writes it. */
export function widthOf(pen: Pen, text: string, font: string, spacing: string): number {
  const key = `${font}|${spacing}|${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    pen.font = font;
    pen.letterSpacing = spacing;
    width = pen.measureText(text).width;
    if (widths.size >= MOST) widths.clear();
    widths.set(key, width);
  }
  return width;
}

/** To be called when the fonts have arrived: what was measured before was another face. */
export const forgetWidths = (): void => widths.clear();
