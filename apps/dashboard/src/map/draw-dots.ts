import { type Brush, grainOf, isSeen, presence } from './brush.ts';
import { type Dots, lanesOf } from './dots.ts';
import { pointAt } from './path.ts';
import type { Pen } from './pen.ts';
import type { Road, Scene } from './scene.ts';

/** The layer between ground and places: dots under way, those of stepped-back roads paler. */
export function drawDots(brush: Brush<CanvasRenderingContext2D>, dots: Dots): void {
  const { context, palette, zoom } = brush;
  const radius = Math.max(1.9 / Math.min(1, zoom) ** 0.45, 1.35 / zoom);
  const side = 2 * radius;
  // From afar a dot is three pixels: a square of that size is as good and much cheaper.
  const square = radius * zoom < 1.6;
  context.save();
  context.fillStyle = palette.light;
  for (const near of brush.emphasis ? [false, true] : [true]) {
    context.globalAlpha = near ? 1 : 0.22;
    context.beginPath();
    dots.each(
      (x, y) => {
        if (square) context.rect(x - radius, y - radius, side, side);
        else {
          context.moveTo(x + radius, y);
          context.arc(x, y, radius, 0, 2 * Math.PI);
        }
      },
      ({ road }) => (presence(brush, road.id) === 1) === near && isSeen(brush, road.path.ground),
    );
    context.fill();
  }
  context.restore();
}

/** For people who asked for less motion: small arrowheads, closer together where there is more. */
export function drawTicks(brush: Brush, scene: Scene): void {
  const { context, palette } = brush;
  context.save();
  context.strokeStyle = palette.light;
  const grain = grainOf(brush);
  context.lineWidth = 1.8 * grain;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const { road, back, perSecond } of lanesOf(scene, grain)) {
    context.globalAlpha = presence(brush, road.id, 0.2);
    const ticks = Math.max(1, Math.min(Math.floor(road.path.length / 14 / grain), Math.round(perSecond * 1.6)));
    context.beginPath();
    for (let i = 0; i < ticks; i += 1) tick(context, road, back, (i + 0.5) / ticks, grain);
    context.stroke();
  }
  context.restore();
}

function tick(context: Pen, road: Road, back: boolean, t: number, grain: number): void {
  const [tip, left, right] = [point(), point(), point()];
  const twoWay = road.rate > 0 && road.backRate > 0;
  const aside = (twoWay ? (grain * road.width) / 4 : 0) * (back ? -1 : 1);
  const behind = (back ? 1 : -1) * ((4.5 * grain) / Math.max(1, road.path.length));
  const at = back ? 1 - t : t;
  pointAt(road.path, at, aside, tip);
  pointAt(road.path, at + behind, aside - 2.6 * grain, left);
  pointAt(road.path, at + behind, aside + 2.6 * grain, right);
  context.moveTo(left.x, left.y);
  context.lineTo(tip.x, tip.y);
  context.lineTo(right.x, right.y);
}

const point = () => ({ x: 0, y: 0 });
