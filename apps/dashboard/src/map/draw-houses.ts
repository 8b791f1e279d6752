import { type Brush, chosen, hatch, mix, presence, roundRect } from './brush.ts';
import type { House, Junction } from './scene.ts';
import { glow, halo } from './shapes.ts';

/** Below this many pixels a house has no rounded corners, no casing and no lamp: they are drawn shade by shade. */
const DETAILED = 11;
const SHADES = 10;

/** What must be seen from afar too. */
const STRONG: ReadonlySet<House['sign']> = new Set(['draining', 'weighted']);

/** Many houses at once: those with nothing to say in as few strokes as there are shades, the others one by one. */
export function drawHouses(brush: Brush, houses: readonly House[]): void {
  const batches = new Map<string, House[]>();
  for (const house of houses) {
    if (house.size * brush.zoom >= DETAILED || STRONG.has(house.sign) || isLit(brush, house)) {
      drawHouse(brush, house);
      continue;
    }
    const key = `${house.hue ?? ''}|${Math.round(house.activity * SHADES)}|${presence(brush, house.id)}|${house.sign}|${house.stale}`;
    const batch = batches.get(key);
    if (batch) batch.push(house);
    else batches.set(key, [house]);
  }
  const { context } = brush;
  context.save();
  for (const batch of batches.values()) {
    const first = batch[0] as House;
    const { colour, back, light } = shadeOf(brush, {
      ...first,
      activity: Math.round(first.activity * SHADES) / SHADES,
    });
    context.globalAlpha = presence(brush, first.id) * (first.stale ? 0.6 : 1);
    context.fillStyle = mix(colour, back, light);
    context.beginPath();
    for (const { x, y, size } of batch) context.roundRect(x - size / 2, y - size / 2, size, size, 0);
    context.fill();
  }
  context.restore();
}

/** The short drives from houses to their roundabouts. */
export function drawDrives(brush: Brush, houses: readonly House[], junctions: ReadonlyMap<string, Junction>): void {
  const { context, palette } = brush;
  context.save();
  for (const back of [1, presence(brush, '')]) {
    const own = houses.filter((house) => presence(brush, house.id) === back);
    context.globalAlpha = back;
    for (const [colour, width] of [
      [palette.casing, 6],
      [palette.road, 3],
    ] as const) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      for (const house of own) {
        const junction = junctions.get(house.at ?? '');
        if (!junction) continue;
        context.moveTo(junction.x, junction.y);
        context.lineTo(house.x, house.y);
      }
      context.stroke();
    }
    if (!brush.emphasis) break;
  }
  context.restore();
}

const isLit = (brush: Brush, house: House): boolean =>
  chosen(brush, house.id) || (house.podUid !== undefined && chosen(brush, `pod:${house.podUid}`));

function shadeOf({ palette }: Brush, house: House): { colour: string; back: string; light: number } {
  const room = house.hue !== undefined;
  if (house.sign === 'unknown' || house.sign === 'unready') {
    return { colour: palette.faint, back: room ? palette.wall : palette.plaza, light: 0.25 };
  }
  const own =
    house.hue === undefined ? palette.light : (palette.hues[house.hue % palette.hues.length] ?? palette.light);
  return {
    colour: house.sign === 'weighted' && !room ? palette.weight : own,
    back: room ? palette.wall : palette.quiet,
    light: room ? 0.26 + 0.7 * house.activity : house.activity,
  };
}

function drawHouse(brush: Brush, house: House): void {
  const { context, palette } = brush;
  const { x, y, size } = house;
  const rect = { x: x - size / 2, y: y - size / 2, width: size, height: size };
  const radius = size * 0.24;
  const room = house.hue !== undefined;
  const lit = isLit(brush, house);
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
  if (lit) {
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
  const { colour, back: under, light } = shadeOf(brush, house);
  if (brush.night && house.activity > 0.55 && !house.stale) glow(brush, colour, 10);
  context.fillStyle = mix(colour, under, light);
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
