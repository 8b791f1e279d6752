import { percent } from '../city/format.ts';
import { type Brush, grainOf, roundRect, tracePath } from './brush.ts';
import { addFence, endOf } from './draw-gates.ts';
import type { Point } from './geometry.ts';
import { groundOf } from './outlines.ts';
import { pointAt } from './path.ts';
import type { Scene } from './scene.ts';
import type { TrailLeg } from './trail.ts';

export interface Marks {
  /** Ids under the pointer or the keyboard. */
  readonly marked: readonly string[];
  readonly focused: string | undefined;
  readonly trail: readonly TrailLeg[];
}

/** The layer over everything: rings around what is pointed at, and a way that was explained. */
export function drawMarks(brush: Brush, scene: Scene, marks: Marks, project: (point: Point) => Point): void {
  drawTrail(brush, marks.trail);
  for (const id of marks.marked) drawMark(brush, scene, id, id === marks.focused);
  const { context } = brush;
  if (marks.trail.length === 0) return;
  context.save();
  const placed: Point[] = [];
  for (const leg of marks.trail) {
    const at = { x: 0, y: 0 };
    pointAt(leg.path, 0.58, 0, at);
    placed.push(writeChance(brush, percent(leg.chance), at, placed, project));
  }
  context.restore();
}

function drawTrail(brush: Brush, trail: readonly TrailLeg[]): void {
  const { context, palette } = brush;
  const unit = 1 / brush.zoom;
  context.save();
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const { path, chance, barred } of trail) {
    const width = (3 + 4 * Math.sqrt(chance)) * unit;
    for (const [colour, more] of [
      [palette.casing, 4 * unit],
      [barred ? palette.refused : palette.live, 0],
    ] as const) {
      context.strokeStyle = colour;
      context.lineWidth = width + more;
      tracePath(brush, path);
      context.stroke();
    }
    if (barred) drawGate(brush, path);
    else drawArrow(brush, path, width);
  }
  context.restore();
}

/** The way ends here. */
function drawGate({ context, palette, zoom }: Brush, path: TrailLeg['path']): void {
  context.beginPath();
  addFence(context, { ...endOf(path), half: Math.max(9, 9 / zoom), closed: 'in' });
  for (const [colour, width] of [
    [palette.casing, 5],
    [palette.refused, 2.2],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width / zoom;
    context.stroke();
  }
}

function drawArrow({ context, palette, zoom }: Brush, path: TrailLeg['path'], width: number): void {
  const reach = Math.min(0.2, 11 / zoom / Math.max(1, path.length));
  const [tip, left, right] = [point(), point(), point()];
  pointAt(path, 0.8, 0, tip);
  pointAt(path, 0.8 - reach, -width * 1.5, left);
  pointAt(path, 0.8 - reach, width * 1.5, right);
  context.beginPath();
  context.moveTo(left.x, left.y);
  context.lineTo(tip.x, tip.y);
  context.lineTo(right.x, right.y);
  context.closePath();
  context.fillStyle = palette.live;
  context.fill();
}

const point = () => ({ x: 0, y: 0 });

/** On a plate, and past the plates that are there. Sizes are in pixels of the screen whatever the zoom. */
function writeChance(
  { context, palette, zoom }: Brush,
  text: string,
  at: Point,
  placed: readonly Point[],
  project: (point: Point) => Point,
): Point {
  const wish = project(at);
  let y = wish.y;
  while (placed.some((other) => Math.abs(other.x - wish.x) < 46 && Math.abs(other.y - y) < 18)) y += 19;
  const world = { x: at.x, y: at.y + (y - wish.y) / zoom };
  const unit = 1 / zoom;
  context.font = `650 ${12 * unit}px "Inter Variable", sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const width = context.measureText(text).width + 12 * unit;
  roundRect(context, { x: world.x - width / 2, y: world.y - 9 * unit, width, height: 18 * unit }, 9 * unit);
  context.fillStyle = palette.plaza;
  context.fill();
  context.lineWidth = 1.4 * unit;
  context.strokeStyle = palette.live;
  context.stroke();
  context.fillStyle = palette.text;
  context.fillText(text, world.x, world.y + 0.5 * unit);
  return { x: wish.x, y };
}

function drawMark(brush: Brush, scene: Scene, id: string, focused: boolean): void {
  const { context, palette } = brush;
  const unit = 1 / brush.zoom;
  const road = scene.roads.find((one) => one.id === id) ?? scene.barring.streets.find((one) => one.id === id);
  context.save();
  context.strokeStyle = palette.live;
  context.lineWidth = (focused ? 3 : 2) * unit;
  if (road) {
    context.globalAlpha = 0.55;
    context.lineCap = 'round';
    context.lineWidth = Math.max(2 * unit, ('width' in road ? road.width : 5) * grainOf(brush) * 0.5);
    tracePath(brush, road.path);
    context.stroke();
  } else {
    const ground = groundOf(scene, id);
    const gap = (focused ? 4 : 2) * unit;
    if (ground) {
      const { x, y, width, height, round } = ground;
      const ring = { x: x - gap, y: y - gap, width: width + 2 * gap, height: height + 2 * gap };
      roundRect(context, ring, round + gap);
      context.stroke();
    }
  }
  context.restore();
}
