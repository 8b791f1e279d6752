import { type Brush, chosen, mix, presence, roundRect } from './brush.ts';
import { hash, inset, type Point, type Rect, random } from './geometry.ts';
import { type Path, pointAt } from './path.ts';
import type { Pen } from './pen.ts';
import type { District, Road, Scene } from './scene.ts';

/** The layer below everything: land, water and roads. */
export function drawGround(brush: Brush, scene: Scene): void {
  for (const river of scene.water) drawRiver(brush, river);
  for (const district of scene.districts) drawDistrict(brush, district);
  const roads = [...scene.roads].sort((a, b) => rank(brush, a) - rank(brush, b));
  // All casings first: where roads cross they lie in one plane instead of cutting each other.
  for (const road of roads) if (!road.direct) strokeRoad(brush, road, road.width + 4, casing(brush));
  for (const road of roads) drawRoad(brush, road);
}

const rank = (brush: Brush, road: Road): number =>
  (chosen(brush, road.id) ? 2e6 : presence(brush, road.id) === 1 ? 1e6 : 0) + road.rate + road.backRate;

const casing = ({ palette }: Brush): string => palette.casing;

function drawRiver({ context, palette, zoom }: Brush, points: readonly Point[]): void {
  context.save();
  context.lineJoin = 'round';
  context.strokeStyle = palette.water;
  context.lineWidth = 34;
  tracePoints(context, points);
  context.stroke();
  context.globalAlpha = 0.5;
  context.strokeStyle = mix(palette.live, palette.water, 0.22);
  context.lineWidth = 1 / Math.min(1, zoom);
  context.setLineDash([26, 40]);
  context.stroke();
  context.restore();
}

function tracePoints(context: Pen, points: readonly Point[]): void {
  context.beginPath();
  for (const [i, point] of points.entries()) {
    if (i === 0) context.moveTo(point.x, point.y);
    else context.lineTo(point.x, point.y);
  }
}

function drawDistrict(brush: Brush, district: District): void {
  const { context, palette, zoom } = brush;
  context.save();
  if (district.shape === 'zone') roundRect(context, district.rect, 30);
  else traceParcel(context, district.rect, district.id);
  context.fillStyle = palette.land;
  context.fill();
  context.strokeStyle = chosen(brush, district.id) ? palette.live : palette.landEdge;
  context.lineWidth = (chosen(brush, district.id) ? 2 : 1.2) / Math.min(1, zoom);
  context.stroke();
  context.restore();
}

/** A soft outline: sides bulge a little, each namespace in its own way. */
function traceParcel(context: Pen, cell: Rect, seed: string): void {
  const { x, y, width, height } = inset(cell, 13);
  const draw = random(hash(seed));
  const bulge = () => 4 + draw() * 6;
  const corner = Math.min(width, height) * (0.12 + draw() * 0.05);
  const [right, bottom] = [x + width, y + height];
  const [n, e, s, w] = [bulge(), bulge(), bulge(), bulge()];
  context.beginPath();
  context.moveTo(x + corner, y);
  context.quadraticCurveTo(x + width / 2, y - n, right - corner, y);
  context.quadraticCurveTo(right, y, right, y + corner);
  context.quadraticCurveTo(right + e, y + height / 2, right, bottom - corner);
  context.quadraticCurveTo(right, bottom, right - corner, bottom);
  context.quadraticCurveTo(x + width / 2, bottom + s, x + corner, bottom);
  context.quadraticCurveTo(x, bottom, x, bottom - corner);
  context.quadraticCurveTo(x - w, y + height / 2, x, y + corner);
  context.quadraticCurveTo(x, y, x + corner, y);
  context.closePath();
}

function tracePath(context: Pen, path: Path): void {
  context.beginPath();
  for (let i = 0; i < path.xy.length; i += 2) {
    if (i === 0) context.moveTo(path.xy[0] as number, path.xy[1] as number);
    else context.lineTo(path.xy[i] as number, path.xy[i + 1] as number);
  }
}

function strokeRoad(brush: Brush, road: Road, width: number, colour: string): void {
  const { context } = brush;
  context.save();
  context.globalAlpha = presence(brush, road.id, 0.2) * (road.stale ? 0.55 : 1);
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.strokeStyle = colour;
  context.lineWidth = width;
  if (road.stale && width <= road.width) {
    context.lineCap = 'butt';
    context.setLineDash([10, 7]);
  }
  tracePath(context, road.path);
  context.stroke();
  context.restore();
}

function drawRoad(brush: Brush, road: Road): void {
  const { palette } = brush;
  const lit = chosen(brush, road.id) || brush.hovered === road.id;
  if (road.direct) drawFootpath(brush, road, lit);
  else strokeRoad(brush, road, road.width, lit ? mix(palette.live, palette.road, 0.35) : palette.road);
  if (road.refused > 0) drawRefusals(brush, road);
}

/** A dotted line, quieter than every road. */
function drawFootpath(brush: Brush, road: Road, lit: boolean): void {
  const { context, palette } = brush;
  context.save();
  context.globalAlpha = presence(brush, road.id, 0.2) * (lit ? 1 : 0.7);
  context.lineCap = 'round';
  context.setLineDash([1, 6]);
  context.strokeStyle = lit ? palette.live : palette.soft;
  context.lineWidth = road.width;
  tracePath(context, road.path);
  context.stroke();
  context.restore();
}

/** Short red bars across the road near its end, one to five by how much of it is refused. */
function drawRefusals(brush: Brush, road: Road): void {
  const { context, palette } = brush;
  const part = Math.min(1, road.refused / Math.max(road.refused, road.rate, road.backRate));
  const marks = 1 + Math.round(4 * part);
  const along = 9 / Math.max(1, road.path.length);
  // On a two-way street the refusal happens at the backend's end, which is the street's beginning.
  const first = road.backRate > 0 ? 0.2 : 0.72;
  const [a, b] = [
    { x: 0, y: 0 },
    { x: 0, y: 0 },
  ];
  context.save();
  context.globalAlpha = presence(brush, road.id, 0.2);
  context.strokeStyle = palette.refused;
  context.lineWidth = 2.6;
  context.lineCap = 'round';
  context.beginPath();
  for (let i = 0; i < marks; i += 1) {
    pointAt(road.path, first + i * along, road.width / 2 + 1.5, a);
    pointAt(road.path, first + i * along, -road.width / 2 - 1.5, b);
    context.moveTo(a.x, a.y);
    context.lineTo(b.x, b.y);
  }
  context.stroke();
  context.restore();
}
