import { type Brush, presence } from './brush.ts';
import { type Dots, lanesOf } from './dots.ts';
import { pointAt } from './path.ts';
import type { Pen } from './pen.ts';
import type { Road, Scene } from './scene.ts';

/** The layer between ground and places: dots under way, in two strokes of the pen (touched and stepped back). */
export function drawDots(brush: Brush<CanvasRenderingContext2D>, dots: Dots): void {
  const { context, palette } = brush;
  const radius = 1.9 / Math.min(1, brush.zoom) ** 0.45;
  const [near, far] = [new Path2D(), new Path2D()];
  dots.each((x, y, { road }) => {
    const pen = presence(brush, road.id) === 1 ? near : far;
    pen.moveTo(x + radius, y);
    pen.arc(x, y, radius, 0, 2 * Math.PI);
  });
  context.save();
  context.fillStyle = palette.light;
  context.globalAlpha = 0.22;
  context.fill(far);
  context.globalAlpha = 1;
  context.fill(near);
  context.restore();
}

/** For people who asked for less motion: small arrowheads, closer together where there is more. */
export function drawTicks(brush: Brush, scene: Scene): void {
  const { context, palette } = brush;
  context.save();
  context.strokeStyle = palette.light;
  context.lineWidth = 1.8;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const { road, back, perSecond } of lanesOf(scene.roads)) {
    context.globalAlpha = presence(brush, road.id, 0.2);
    const ticks = Math.max(1, Math.min(Math.floor(road.path.length / 14), Math.round(perSecond * 1.6)));
    context.beginPath();
    for (let i = 0; i < ticks; i += 1) tick(context, road, back, (i + 0.5) / ticks);
    context.stroke();
  }
  context.restore();
}

function tick(context: Pen, road: Road, back: boolean, t: number): void {
  const [tip, left, right] = [point(), point(), point()];
  const twoWay = road.rate > 0 && road.backRate > 0;
  const aside = (twoWay ? road.width / 4 : 0) * (back ? -1 : 1);
  const behind = (back ? 1 : -1) * (4.5 / Math.max(1, road.path.length));
  const at = back ? 1 - t : t;
  pointAt(road.path, at, aside, tip);
  pointAt(road.path, at + behind, aside - 2.6, left);
  pointAt(road.path, at + behind, aside + 2.6, right);
  context.moveTo(left.x, left.y);
  context.lineTo(tip.x, tip.y);
  context.lineTo(right.x, right.y);
}

const point = () => ({ x: 0, y: 0 });
