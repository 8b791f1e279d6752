import { type Brush, chosen, grainOf, hatch, isSeen, mix, presence, roundRect } from './brush.ts';
import { drawBarredGates, drawBarredJunction, drawBarredStreets, drawGates } from './draw-gates.ts';
import { drawDrives, drawHouses } from './draw-houses.ts';
import { groundAround } from './levels.ts';
import type { Building, Gate, Junction, Scene, Segment, Yard } from './scene.ts';
import { disc, glow, halo } from './shapes.ts';

/** The layer above the traffic: buildings, roundabouts, houses and gates. Words come later (`draw-labels.ts`). */
export function drawPlaces(brush: Brush, scene: Scene): void {
  const junctions = scene.junctions.filter((junction) => isSeen(brush, groundAround(junction, junction.radius + 50)));
  const houses = scene.houses.filter((house) => isSeen(brush, groundAround(house, house.size * 3)));
  for (const building of scene.buildings) if (isSeen(brush, building.rect)) drawBuilding(brush, building);
  if (scene.lens === 'nodes') drawBarredStreets(brush, scene.barring.streets);
  for (const yard of scene.yards) if (isSeen(brush, yard.rect)) drawYard(brush, yard);
  const byId = new Map(scene.junctions.map((junction) => [junction.id, junction]));
  drawDrives(brush, houses, byId);
  for (const junction of junctions) drawJunction(brush, junction, scene.lens === 'nodes');
  drawHouses(brush, houses);
  drawGates(brush, houses, byId);
  for (const gate of scene.gates) drawGate(brush, gate, grainOf(brush));
  drawBarredGates(brush, scene.barring.streets);
}

function drawBuilding(brush: Brush, building: Building): void {
  const { context, palette, zoom } = brush;
  const { rect, state } = building;
  const lit = chosen(brush, building.id);
  context.save();
  context.globalAlpha = presence(brush, building.id, 0.55);
  if (lit) glow(brush, palette.live);
  context.fillStyle = palette.shade;
  roundRect(context, { ...rect, x: rect.x + 6, y: rect.y + 6 }, 12);
  context.fill();
  context.shadowBlur = 0;
  // Faded by colour and not by transparency: streets must not show through a wall.
  context.fillStyle = state === 'live' ? palette.wall : mix(palette.wall, palette.land, 0.35);
  roundRect(context, rect, 12);
  context.fill();
  if (state === 'absent') hatch(context, rect, mix(palette.faint, palette.wall, 0.35));
  if (building.folded) drawFoldedRooms(brush, building);
  context.lineWidth = (lit ? 2.2 : 1.2) / Math.min(1, zoom);
  context.strokeStyle = lit ? palette.live : palette.wallEdge;
  if (state !== 'live') {
    context.setLineDash([6, 5]);
    context.strokeStyle = lit ? palette.live : palette.faint;
  }
  roundRect(context, rect, 12);
  context.stroke();
  context.restore();
}

/** Rooms too small to be drawn: one bar along the floor, as long and as bright as the building is busy. */
function drawFoldedRooms({ context, palette }: Brush, { rect, activity, state }: Building): void {
  const bar = { x: rect.x + 20, y: rect.y + rect.height - 44, width: rect.width - 40, height: 22 };
  context.fillStyle = palette.quiet;
  roundRect(context, bar, 11);
  context.fill();
  if (activity === 0 || state === 'absent') return;
  context.fillStyle = mix(palette.light, palette.quiet, state === 'live' ? 0.4 + 0.6 * activity : 0.3);
  roundRect(context, { ...bar, width: Math.max(22, bar.width * activity) }, 11);
  context.fill();
}

function drawYard(brush: Brush, { id, rect }: Yard): void {
  const { context, palette } = brush;
  context.save();
  context.globalAlpha = presence(brush, id);
  roundRect(context, rect, 9);
  context.fillStyle = palette.road;
  context.strokeStyle = palette.casing;
  context.lineWidth = 2;
  context.fill();
  context.stroke();
  context.restore();
}

function drawJunction(brush: Brush, junction: Junction, small: boolean): void {
  const { context, palette } = brush;
  const { x, y, radius } = junction;
  const lit = chosen(brush, junction.id);
  context.save();
  context.globalAlpha = presence(brush, junction.id);
  if (lit) halo(brush, x, y, radius);
  disc(context, x, y, radius + (small ? 0 : 7));
  context.fillStyle = small ? palette.plaza : palette.casing;
  context.fill();
  if (small) drawSmall(brush, junction, lit);
  else drawRing(brush, junction, lit);
  if (junction.barred) drawBarredJunction(brush, junction);
  if (junction.problem) drawWarning(brush, x + radius * 0.8, y - radius * 0.8);
  context.restore();
}

function drawSmall(brush: Brush, { x, y, radius, stale }: Junction, lit: boolean): void {
  const { context, palette } = brush;
  const colour = lit ? palette.live : brush.night ? palette.soft : palette.plazaEdge;
  context.lineWidth = 2.4;
  context.strokeStyle = colour;
  if (stale) context.setLineDash([4, 3]);
  context.stroke();
  disc(context, x, y, radius * 0.34);
  context.fillStyle = colour;
  context.fill();
}

function drawRing(brush: Brush, junction: Junction, lit: boolean): void {
  const { context, palette } = brush;
  const { x, y, radius, segments, stale } = junction;
  disc(context, x, y, radius + 1);
  context.fillStyle = lit ? mix(palette.live, palette.plaza, 0.1) : palette.plaza;
  context.fill();
  if (segments.length === 0) {
    context.setLineDash([3, 4]);
    context.lineWidth = 2;
    context.strokeStyle = palette.faint;
    disc(context, x, y, radius);
    context.stroke();
    return;
  }
  if (stale) context.globalAlpha *= 0.6;
  const thick = 5 + radius * 0.07;
  for (const segment of segments) drawSegment(brush, junction, segment, thick);
}

function drawSegment(brush: Brush, { x, y, radius }: Junction, segment: Segment, thick: number): void {
  const { context, palette } = brush;
  const whole = segment.to - segment.from > 6.2;
  const gap = whole ? 0 : Math.min(0.16, (thick + 3) / radius / 2, (segment.to - segment.from) / 3);
  const [from, to] = [segment.from + gap - Math.PI / 2, segment.to - gap - Math.PI / 2];
  context.lineCap = whole ? 'butt' : 'round';
  context.setLineDash([]);
  context.beginPath();
  context.arc(x, y, radius, from, to);
  if (segment.sign === 'draining' || segment.sign === 'unready') {
    context.lineCap = 'butt';
    context.setLineDash([3.5, 3]);
    context.lineWidth = 2;
    context.strokeStyle = segment.sign === 'draining' ? palette.drain : palette.faint;
    for (const aside of [-thick / 2, thick / 2]) {
      context.beginPath();
      context.arc(x, y, radius + aside, from, to);
      context.stroke();
    }
    return;
  }
  const colour = segment.sign === 'weighted' ? palette.weight : palette.light;
  context.lineWidth = thick;
  context.strokeStyle = mix(
    colour,
    palette.quiet,
    segment.sign === 'weighted' ? 0.45 + 0.55 * segment.activity : segment.activity,
  );
  // A shadow is the dearest of all strokes, and not seen on a small ring.
  if (brush.night && segment.activity > 0.6 && radius * brush.zoom > 24) glow(brush, colour, 7);
  context.stroke();
  context.shadowBlur = 0;
}

function drawGate(brush: Brush, { id, x, y }: Gate, grain: number): void {
  const { context, palette } = brush;
  context.save();
  context.globalAlpha = presence(brush, id);
  disc(context, x, y, 19 * grain);
  context.fillStyle = palette.casing;
  context.fill();
  disc(context, x, y, 17 * grain);
  context.fillStyle = palette.plaza;
  context.fill();
  context.strokeStyle = palette.live;
  context.lineWidth = 2 * grain;
  context.stroke();
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.beginPath();
  context.moveTo(x - 7 * grain, y);
  context.lineTo(x + 7 * grain, y);
  context.moveTo(x + 2 * grain, y - 5 * grain);
  context.lineTo(x + 7 * grain, y);
  context.lineTo(x + 2 * grain, y + 5 * grain);
  context.stroke();
  context.restore();
}

function drawWarning({ context, palette }: Brush, x: number, y: number): void {
  context.beginPath();
  context.moveTo(x, y - 9);
  context.lineTo(x + 9, y + 7);
  context.lineTo(x - 9, y + 7);
  context.closePath();
  context.lineJoin = 'round';
  context.setLineDash([]);
  context.fillStyle = palette.refused;
  context.strokeStyle = palette.casing;
  context.lineWidth = 3;
  context.stroke();
  context.fill();
  context.fillStyle = '#ffffff';
  context.fillRect(x - 1, y - 3.5, 2, 5.5);
  context.fillRect(x - 1, y + 3.4, 2, 2);
}
