import { addPath, type Brush, chosen, grainOf, isSeen, mix, presence, roundRect, tracePath } from './brush.ts';
import { drawBarredStreets } from './draw-gates.ts';
import { hash, inset, type Point, type Rect, random } from './geometry.ts';
import { type Path, pointAt } from './path.ts';
import type { Pen } from './pen.ts';
import type { District, Road, Scene } from './scene.ts';

/** The layer below everything: land, water and roads. */
export function drawGround(brush: Brush, scene: Scene): void {
  for (const river of scene.water) drawRiver(brush, river);
  const districts = scene.districts.filter(({ rect }) => isSeen(brush, rect));
  for (const district of districts) drawDistrict(brush, district);
  drawSpecks(brush, districts);
  const seen = scene.roads.filter(({ path }) => isSeen(brush, path.ground));
  drawThin(brush, seen);
  const roads = seen.filter((road) => !isThin(brush, road)).sort((a, b) => rank(brush, a) - rank(brush, b));
  // All casings first: where roads cross they lie in one plane instead of cutting each other.
  const grain = grainOf(brush);
  for (const road of roads) if (!road.direct) strokeRoad(brush, road, (road.width + 4) * grain, brush.palette.casing);
  for (const road of roads) drawRoad(brush, road, grain);
  // Rooms are reached over the walls, houses past the roundabouts.
  if (scene.lens === 'services') drawBarredStreets(brush, scene.barring.streets);
}

/** Pixels: no line is cheaper than one that is no broader than a pixel. */
const HAIR = 0.99;
/** Roads are curves of so many pieces that no corner is seen; rounding each would cost more than all else of the ground. */
const SMOOTH = 'bevel';
/** A footpath of fewer pixels is drawn as a hair. */
const FINE = 1.5;

const rank = (brush: Brush, road: Road): number =>
  (chosen(brush, road.id) ? 200 : presence(brush, road.id) === 1 ? 100 : 0) + road.width;

/** What is selected or touched by it is drawn in full. */
const isThin = (brush: Brush, road: Road): boolean => road.minor && !(brush.emphasis && presence(brush, road.id) === 1);

/** The many quieter roads: thin lines that lie under the others, in as few strokes as there are kinds. */
function drawThin(brush: Brush, roads: readonly Road[]): void {
  const { context, palette, zoom, night } = brush;
  const thin = roads.filter((road) => isThin(brush, road));
  const stroke = (own: readonly Road[], dash: number[]) => {
    context.setLineDash(dash);
    context.beginPath();
    for (const { path } of own) addPath(brush, path);
    context.stroke();
  };
  context.save();
  context.lineJoin = SMOOTH;
  const width = Math.max(1.6, HAIR / zoom);
  context.globalAlpha = (brush.emphasis ? 0.3 : 1) * (night ? 0.75 : 0.6) * (width * zoom < 1 ? 1.15 : 1);
  context.strokeStyle = night ? palette.road : palette.casing;
  context.lineWidth = width;
  const fresh = thin.filter(({ stale }) => !stale);
  if (fresh.length > 0) stroke(fresh, []);
  if (fresh.length < thin.length)
    stroke(
      thin.filter(({ stale }) => stale),
      [6 / zoom, 5 / zoom],
    );
  context.setLineDash([]);
  context.strokeStyle = palette.refused;
  context.lineWidth = 1.4 / zoom;
  context.beginPath();
  for (const road of thin) if (isRefused(road)) addBar(context, road.path, refusedAt(road), 2.6 / zoom);
  context.stroke();
  context.restore();
}

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
  const { context, palette, zoom, night } = brush;
  const lit = chosen(brush, district.id);
  const warmth = district.closed ? (night ? 0.03 : 0.05) + 0.13 * district.activity : 0;
  context.save();
  context.globalAlpha = district.closed ? presence(brush, district.id, 0.45) : 1;
  if (district.shape === 'zone') roundRect(context, district.rect, 30);
  else traceParcel(context, district.rect, district.id);
  context.fillStyle = warmth > 0 && !district.stale ? mix(palette.light, palette.land, warmth) : palette.land;
  context.fill();
  context.strokeStyle = lit ? palette.live : palette.landEdge;
  context.lineWidth = (lit ? 2 : 1.2) / Math.min(1, zoom);
  if (district.closed && district.stale) {
    context.setLineDash([6 / zoom, 5 / zoom]);
    context.strokeStyle = palette.faint;
  }
  context.stroke();
  context.restore();
}

/** Lights of what is folded, where it stands: from afar a Service or node is a speck. Drawn shade by shade. */
function drawSpecks(brush: Brush, districts: readonly District[]): void {
  const { context, palette, zoom } = brush;
  const shades = 5;
  context.save();
  for (let shade = 0; shade <= shades; shade += 1) {
    context.fillStyle = mix(palette.light, palette.quiet, shade / shades);
    context.beginPath();
    for (const { specks = NO_SPECKS } of districts) {
      for (let i = 0; i < specks.length; i += 4) {
        if (Math.round((specks[i + 3] as number) * shades) !== shade) continue;
        const [x, y] = [specks[i] as number, specks[i + 1] as number];
        const radius = Math.max(0.34 * (specks[i + 2] as number), 1.2 / zoom);
        context.moveTo(x + radius, y);
        context.arc(x, y, radius, 0, 2 * Math.PI);
      }
    }
    context.globalAlpha = brush.emphasis ? 0.3 : 0.75;
    context.fill();
  }
  context.restore();
}

const NO_SPECKS = new Float32Array();

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

function strokeRoad(brush: Brush, road: Road, width: number, colour: string): void {
  const { context } = brush;
  context.save();
  context.globalAlpha = presence(brush, road.id, 0.2) * (road.stale ? 0.55 : 1);
  context.lineCap = 'round';
  context.lineJoin = SMOOTH;
  context.strokeStyle = colour;
  context.lineWidth = width;
  if (road.stale && colour !== brush.palette.casing) {
    context.lineCap = 'butt';
    context.setLineDash([10 * grainOf(brush), 7 * grainOf(brush)]);
  }
  tracePath(brush, road.path);
  context.stroke();
  context.restore();
}

function drawRoad(brush: Brush, road: Road, grain: number): void {
  const { palette } = brush;
  const lit = chosen(brush, road.id);
  if (road.direct) drawFootpath(brush, road, lit, grain);
  else strokeRoad(brush, road, road.width * grain, lit ? mix(palette.live, palette.road, 0.35) : palette.road);
  if (isRefused(road)) drawRefusals(brush, road, grain);
}

/** A dotted line, quieter than every road. */
function drawFootpath(brush: Brush, road: Road, lit: boolean, grain: number): void {
  const { context, palette, zoom } = brush;
  const width = road.width * grain;
  // From afar a dot is a pixel: hundreds of them, each with round ends, would be the dearest thing on the map.
  const far = width * zoom < FINE;
  context.save();
  context.globalAlpha = presence(brush, road.id, 0.2) * (lit ? 1 : far ? 0.85 : 0.7);
  context.lineCap = far ? 'butt' : 'round';
  context.lineJoin = SMOOTH;
  context.setLineDash(far ? [2.6 * grain, 4.4 * grain] : [grain, 6 * grain]);
  context.strokeStyle = lit ? palette.live : palette.soft;
  context.lineWidth = far ? HAIR / zoom : width;
  tracePath(brush, road.path);
  context.stroke();
  context.restore();
}

/** Of what is tried on a road, the part that is refused or has no answer yet, 0..1. */
function refusedPart({ rate, backRate, refused, waiting }: Road): number {
  const tried = Math.max(refused, rate, backRate);
  const unheard = waiting / Math.max(1, waiting + 10 * tried);
  return Math.min(1, (tried > 0 ? refused / tried : 0) + unheard);
}

const isRefused = ({ refused, waiting }: Road): boolean => refused > 0 || waiting > 0;

/** On a two-way street the refusal happens at the backend's end, which is the street's beginning. */
const refusedAt = ({ backRate }: Road): number => (backRate > 0 ? 0.2 : 0.72);

/** Short red bars across the road near its end, one to five by how much of it is refused or stays without an answer. */
function drawRefusals(brush: Brush, road: Road, grain: number): void {
  const { context, palette } = brush;
  const marks = 1 + Math.round(4 * refusedPart(road));
  const along = (9 * grain) / Math.max(1, road.path.length);
  context.save();
  context.globalAlpha = presence(brush, road.id, 0.2);
  context.strokeStyle = palette.refused;
  context.lineWidth = 2.6 * grain;
  context.lineCap = 'round';
  context.beginPath();
  for (let i = 0; i < marks; i += 1)
    addBar(context, road.path, refusedAt(road) + i * along, (road.width / 2 + 1.5) * grain);
  context.stroke();
  context.restore();
}

function addBar(context: Pen, path: Path, at: number, half: number): void {
  const [a, b] = [
    { x: 0, y: 0 },
    { x: 0, y: 0 },
  ];
  pointAt(path, at, half, a);
  pointAt(path, at, -half, b);
  context.moveTo(a.x, a.y);
  context.lineTo(b.x, b.y);
}
