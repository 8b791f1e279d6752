import { type Brush, chosen, hatch, mix, presence } from './brush.ts';
import type { Rect } from './geometry.ts';
import type { Pen } from './pen.ts';
import type { House, Junction } from './scene.ts';
import { glow, halo } from './shapes.ts';

/** Below this many pixels a house has no rounded corners, no casing and no lamp. */
const DETAILED = 11;
/** Of light, as many as one can tell apart. */
const SHADES = { far: 10, near: 20 } as const;

/** What must be seen from afar too. */
const STRONG: ReadonlySet<House['sign']> = new Set(['draining', 'weighted']);

/** How some houses look: any of them, with its light rounded to a shade, tells it of all. */
interface Look extends House {
  readonly detailed: boolean;
  readonly lit: boolean;
  readonly glows: boolean;
}

/** Many houses in as few strokes as there are looks: for the browser, finding a colour is dearer than drawing a house. */
export function drawHouses(brush: Brush, houses: readonly House[]): void {
  const alike = new Map<string, { readonly look: Look; readonly houses: House[] }>();
  for (const house of houses) {
    const look = lookOf(brush, house);
    const key = keyOf(brush, look);
    const those = alike.get(key);
    if (those) those.houses.push(house);
    else alike.set(key, { look, houses: [house] });
  }
  for (const { look, houses } of alike.values()) drawAlike(brush, look, houses);
}

function lookOf(brush: Brush, house: House): Look {
  const lit = isLit(brush, house);
  const detailed = lit || house.size * brush.zoom >= DETAILED || STRONG.has(house.sign);
  const shades = detailed ? SHADES.near : SHADES.far;
  const activity = Math.round(house.activity * shades) / shades;
  const glows = brush.night && detailed && activity > 0.55 && !house.stale && !isHollow(house);
  return { ...house, activity, detailed, lit, glows };
}

/** The light around several at once would be made for all of the ground between them. */
const keyOf = (brush: Brush, { id, hue, activity, sign, stale, detailed, lit, glows }: Look): string =>
  lit || glows
    ? id
    : `${hue === undefined ? '' : hue % brush.palette.hues.length}|${activity}|${presence(brush, id)}|${sign}|${stale}|${detailed}`;

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

const isHollow = ({ sign }: House): boolean => sign === 'draining' || sign === 'unready' || sign === 'unknown';

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

function drawAlike(brush: Brush, look: Look, houses: readonly House[]): void {
  const { context, palette } = brush;
  context.save();
  context.globalAlpha = presence(brush, look.id) * (look.stale ? 0.6 : 1);
  if (look.lit) halo(brush, look.x, look.y, look.size * 0.55);
  if (look.detailed && look.hue === undefined) {
    trace(context, houses, 2.5);
    context.fillStyle = palette.casing;
    context.fill();
  }
  if (!look.detailed) fillShade(brush, look, houses);
  else if (isHollow(look)) drawHollow(brush, look, houses);
  else drawWalls(brush, look, houses);
  if (look.lit) outline(brush, houses, { colour: palette.live, width: 2, beyond: 2 });
  context.restore();
}

/** The walls of all of them, `beyond` which something else may lie. */
function trace(context: Pen, houses: readonly House[], beyond = 0, roundness = ROUND): void {
  context.beginPath();
  for (const { x, y, size } of houses) {
    const half = size / 2 + beyond;
    context.roundRect(x - half, y - half, 2 * half, 2 * half, roundness * size + 0.8 * beyond);
  }
}

/** Corners of a house, in parts of its size. */
const ROUND = 0.24;

function fillShade(brush: Brush, look: Look, houses: readonly House[], roundness = 0): void {
  const { colour, back, light } = shadeOf(brush, look);
  trace(brush.context, houses, 0, roundness);
  brush.context.fillStyle = mix(colour, back, light);
  brush.context.fill();
}

/** Nobody is sent there. */
function drawHollow(brush: Brush, { sign, hue }: Look, houses: readonly House[]): void {
  const { context, palette } = brush;
  const back = hue === undefined ? palette.plaza : palette.wall;
  const colour = sign === 'draining' ? palette.drain : palette.faint;
  trace(context, houses);
  context.fillStyle = mix(colour, back, 0.1);
  context.fill();
  if (sign === 'unknown') for (const house of houses) hatch(context, wallsOf(house), mix(palette.faint, back, 0.6));
  outline(brush, houses, { colour, width: hue === undefined ? 1.8 : 2, dash: [3.6, 2.6] });
}

const wallsOf = ({ x, y, size }: House): Rect => ({ x: x - size / 2, y: y - size / 2, width: size, height: size });

function drawWalls(brush: Brush, look: Look, houses: readonly House[]): void {
  const { context, palette } = brush;
  const { colour } = shadeOf(brush, look);
  if (look.glows) glow(brush, colour, 10);
  fillShade(brush, look, houses, ROUND);
  context.shadowBlur = 0;
  if (look.hue !== undefined && look.activity > 0.3) drawLamps(brush, houses, look.activity);
  if (look.stale) outline(brush, houses, { colour: palette.faint, width: 1, dash: [3, 3] });
  else if (look.sign === 'weighted') outline(brush, houses, { colour: palette.weight, width: 2.2 });
  else if (look.hue !== undefined) outline(brush, houses, { colour: mix(colour, palette.wall, 0.55), width: 1 });
}

interface Outline {
  readonly colour: string;
  readonly width: number;
  readonly dash?: number[];
  readonly beyond?: number;
}

function outline({ context }: Brush, houses: readonly House[], { colour, width, dash = [], beyond }: Outline): void {
  context.setLineDash(dash);
  context.lineWidth = width;
  context.strokeStyle = colour;
  trace(context, houses, beyond);
  context.stroke();
}

/** Lit windows: a busy room is told by more than its tint. */
function drawLamps({ context, night }: Brush, houses: readonly House[], light: number): void {
  context.fillStyle = night ? `rgb(255 244 214 / ${0.35 + 0.6 * light})` : `rgb(255 255 255 / ${0.45 + 0.5 * light})`;
  context.beginPath();
  for (const { x, y, size } of houses) context.roundRect(x - size * 0.24, y - size / 2 + 7.5, size * 0.48, 3.4, 1.7);
  context.fill();
}
