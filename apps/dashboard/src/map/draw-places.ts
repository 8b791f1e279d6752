import { type Brush, chosen, hatch, mix, presence, roundRect } from './brush.ts';
import type { Pen } from './pen.ts';
import type { Building, Gate, House, Junction, Scene, Segment, Yard } from './scene.ts';

/** The layer above the traffic: buildings, roundabouts, houses and gates. Words come later (`draw-labels.ts`). */
export function drawPlaces(brush: Brush, scene: Scene): void {
  for (const building of scene.buildings) drawBuilding(brush, building);
  for (const yard of scene.yards) drawYard(brush, yard);
  const at = new Map(scene.junctions.map((junction) => [junction.id, junction]));
  for (const house of scene.houses) drawDrive(brush, house, at.get(house.at ?? ''));
  for (const junction of scene.junctions) drawJunction(brush, junction, scene.lens === 'nodes');
  for (const house of scene.houses) drawHouse(brush, house);
  for (const gate of scene.gates) drawGate(brush, gate);
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
  context.lineWidth = (lit ? 2.2 : 1.2) / Math.min(1, zoom);
  context.strokeStyle = lit || brush.hovered === building.id ? palette.live : palette.wallEdge;
  if (state !== 'live') {
    context.setLineDash([6, 5]);
    context.strokeStyle = lit ? palette.live : palette.faint;
  }
  roundRect(context, rect, 12);
  context.stroke();
  context.restore();
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

/** The short drive from a house to its roundabout. */
function drawDrive(brush: Brush, house: House, junction: Junction | undefined): void {
  if (!junction) return;
  const { context, palette } = brush;
  context.save();
  context.globalAlpha = presence(brush, house.id);
  context.strokeStyle = palette.casing;
  context.lineWidth = 6;
  context.beginPath();
  context.moveTo(junction.x, junction.y);
  context.lineTo(house.x, house.y);
  context.stroke();
  context.strokeStyle = palette.road;
  context.lineWidth = 3;
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
  if (junction.problem) drawWarning(brush, x + radius * 0.8, y - radius * 0.8);
  context.restore();
}

function drawSmall(brush: Brush, { id, x, y, radius, stale }: Junction, lit: boolean): void {
  const { context, palette } = brush;
  const colour = lit || brush.hovered === id ? palette.live : brush.night ? palette.soft : palette.plazaEdge;
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
  if (brush.night && segment.activity > 0.6) glow(brush, colour, 7);
  context.stroke();
  context.shadowBlur = 0;
}

function drawHouse(brush: Brush, house: House): void {
  const { context, palette } = brush;
  const { x, y, size } = house;
  const rect = { x: x - size / 2, y: y - size / 2, width: size, height: size };
  const radius = size * 0.24;
  const room = house.hue !== undefined;
  const lit = chosen(brush, house.id) || (house.podUid !== undefined && chosen(brush, `pod:${house.podUid}`));
  context.save();
  context.globalAlpha = presence(brush, house.id) * (house.stale ? 0.6 : 1);
  if (lit) halo(brush, x, y, size * 0.55);
  if (!room) {
    roundRect(context, { x: rect.x - 2.5, y: rect.y - 2.5, width: size + 5, height: size + 5 }, radius + 2);
    context.fillStyle = palette.casing;
    context.fill();
  }
  roundRect(context, rect, radius);
  fillHouse(brush, house, rect, radius);
  if (lit || brush.hovered === house.id) {
    roundRect(context, { x: rect.x - 2, y: rect.y - 2, width: size + 4, height: size + 4 }, radius + 2);
    context.setLineDash([]);
    context.lineWidth = 2;
    context.strokeStyle = palette.live;
    context.stroke();
  }
  context.restore();
}

function fillHouse(
  brush: Brush,
  house: House,
  rect: { x: number; y: number; width: number; height: number },
  radius: number,
) {
  const { context, palette } = brush;
  const back = house.hue === undefined ? palette.plaza : palette.wall;
  if (house.sign === 'draining' || house.sign === 'unready' || house.sign === 'unknown') {
    const colour = house.sign === 'draining' ? palette.drain : palette.faint;
    context.fillStyle = mix(colour, back, 0.1);
    context.fill();
    if (house.sign === 'unknown') hatch(context, rect, mix(palette.faint, back, 0.6));
    context.lineWidth = house.hue === undefined ? 1.8 : 2;
    context.setLineDash([3.6, 2.6]);
    context.strokeStyle = colour;
    roundRect(context, rect, radius);
    context.stroke();
    return;
  }
  const own =
    house.hue === undefined ? palette.light : (palette.hues[house.hue % palette.hues.length] ?? palette.light);
  const colour = house.sign === 'weighted' && house.hue === undefined ? palette.weight : own;
  const light = house.hue === undefined ? house.activity : 0.26 + 0.7 * house.activity;
  if (brush.night && house.activity > 0.55 && !house.stale) glow(brush, colour, 10);
  context.fillStyle = mix(colour, house.hue === undefined ? palette.quiet : back, light);
  context.fill();
  context.shadowBlur = 0;
  if (house.hue !== undefined && house.activity > 0.3) drawLamp(brush, rect, house.activity);
  if (house.stale) outline(brush, rect, radius, palette.faint, [3, 3]);
  else if (house.sign === 'weighted') outline(brush, rect, radius, palette.weight, []);
  else if (house.hue !== undefined) outline(brush, rect, radius, mix(colour, back, 0.55), []);
}

function outline(
  brush: Brush,
  rect: { x: number; y: number; width: number; height: number },
  radius: number,
  colour: string,
  dash: number[],
) {
  const { context } = brush;
  context.setLineDash(dash);
  context.lineWidth = colour === brush.palette.weight ? 2.2 : 1;
  context.strokeStyle = colour;
  roundRect(context, rect, radius);
  context.stroke();
}

/** A lit window: a busy room is told by more than its tint. */
function drawLamp({ context, night }: Brush, rect: { x: number; y: number; width: number }, light: number): void {
  context.fillStyle = night ? `rgb(255 244 214 / ${0.35 + 0.6 * light})` : `rgb(255 255 255 / ${0.45 + 0.5 * light})`;
  roundRect(context, { x: rect.x + rect.width * 0.26, y: rect.y + 7.5, width: rect.width * 0.48, height: 3.4 }, 1.7);
  context.fill();
}

function drawGate(brush: Brush, { id, x, y }: Gate): void {
  const { context, palette } = brush;
  context.save();
  context.globalAlpha = presence(brush, id);
  disc(context, x, y, 19);
  context.fillStyle = palette.casing;
  context.fill();
  disc(context, x, y, 17);
  context.fillStyle = palette.plaza;
  context.fill();
  context.strokeStyle = palette.live;
  context.lineWidth = 2;
  context.stroke();
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.beginPath();
  context.moveTo(x - 7, y);
  context.lineTo(x + 7, y);
  context.moveTo(x + 2, y - 5);
  context.lineTo(x + 7, y);
  context.lineTo(x + 2, y + 5);
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

function disc(context: Pen, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}

function glow({ context, zoom }: Brush, colour: string, blur = 18): void {
  context.shadowColor = colour;
  context.shadowBlur = blur * Math.min(2, zoom) * 1.4;
}

/** The light around what is selected. */
function halo({ context, palette, night }: Brush, x: number, y: number, radius: number): void {
  const far = radius + 42;
  const light = context.createRadialGradient(x, y, radius * 0.9, x, y, far);
  light.addColorStop(0, mix(palette.light, 'transparent', night ? 0.42 : 0.34));
  light.addColorStop(1, 'transparent');
  context.fillStyle = light;
  disc(context, x, y, far);
  context.fill();
}
