import { finish } from '../../city/slices.ts';
import { type Brush, mix } from '../brush.ts';
import { drawTicks } from '../draw-dots.ts';
import { drawGround } from '../draw-ground.ts';
import { placeWords, writeWords } from '../draw-labels.ts';
import { drawPlaces } from '../draw-places.ts';
import type { Point } from '../geometry.ts';
import type { Pen } from '../pen.ts';
import type { Scene } from '../scene.ts';
import type { StageView } from '../show.ts';
import { totalsOf } from '../totals.ts';
import { drawLegend } from './legend.ts';

/** A still picture to take along: what is on the screen, and under it what it shows and of when. */
export interface Picture {
  readonly view: StageView;
  /** The first line is the title. */
  readonly caption: readonly string[];
}

const LINE = 18;
const MARGIN = 16;
/** Room for the legend, pixels. */
const LEGEND = 26;

export const footHeight = ({ caption }: Picture): number => MARGIN + caption.length * LINE + LEGEND + 8;

/** Width and height in CSS pixels. */
export const sizeOf = (picture: Picture): { readonly width: number; readonly height: number } => ({
  width: picture.view.width,
  height: picture.view.height + footHeight(picture),
});

/**
 * Draws the picture from the top left of what the pen writes on, `ratio` of its pixels for each of ours. Traffic is drawn as
 * it is for people who asked for less motion: direction and rate as ticks.
 */
export function drawPicture(pen: Pen, picture: Picture, ratio: number): void {
  const { view } = picture;
  const { scene, palette, zoom, offset, width, height } = view;
  const brush: Brush = { ...view, context: pen };
  const flat = () => pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const world = () => pen.setTransform(ratio * zoom, 0, 0, ratio * zoom, ratio * offset.x, ratio * offset.y);
  flat();
  pen.fillStyle = palette.ground;
  pen.fillRect(0, 0, width, height);
  world();
  drawGround(brush, scene);
  drawTicks(brush, scene);
  drawPlaces(brush, scene);
  flat();
  const project = ({ x, y }: Point) => ({ x: x * zoom + offset.x, y: y * zoom + offset.y });
  writeWords(brush, finish(placeWords(brush, scene, project)));
  drawFoot(brush, picture);
}

/** It covers what of the map would reach below it. */
function drawFoot(brush: Brush, picture: Picture): void {
  const { context, palette } = brush;
  const { width, height } = picture.view;
  context.fillStyle = mix(palette.land, palette.ground, 0.6);
  context.fillRect(0, height, width, footHeight(picture));
  context.fillStyle = palette.landEdge;
  context.fillRect(0, height, width, 1);
  context.letterSpacing = '0px';
  context.textAlign = 'start';
  context.textBaseline = 'middle';
  for (const [i, line] of picture.caption.entries()) {
    context.font = i === 0 ? '650 14px "Inter Variable", sans-serif' : '450 12px "Inter Variable", sans-serif';
    context.fillStyle = i === 0 ? palette.text : palette.soft;
    context.fillText(line, MARGIN, height + MARGIN + i * LINE + 4);
  }
  drawLegend(
    brush,
    MARGIN,
    height + MARGIN + picture.caption.length * LINE + LEGEND / 2 - 2,
    isGated(picture.view.scene),
  );
}

const isGated = (scene: Scene): boolean => {
  const { closed, barred } = totalsOf(scene);
  return closed + barred > 0;
};
