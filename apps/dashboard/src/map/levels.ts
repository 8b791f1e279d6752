import { around, overlap, type Point, type Rect } from './geometry.ts';
import type { Lens, Level } from './scene.ts';

/** What of the city is drawn piece by piece: what touches `area` (world units), as closely as `level`; the rest is folded. */
export interface Focus {
  readonly level: Level;
  readonly area: Rect;
}

const ENDLESS: Rect = { x: -1e9, y: -1e9, width: 2e9, height: 2e9 };

/** All of it, as closely as there is. */
export const EVERYWHERE: Focus = { level: 'place', area: ENDLESS };

/**
 * Pixels on the screen below which a thing is not drawn as one, by the size it has in the world: a house is 15 units broad
 * and a room 30, the smallest roundabout 62 and a building 242.
 */
const SEEN: Readonly<Record<Lens, { readonly place: number; readonly district: number }>> = {
  services: { place: 6 / 15, district: 15 / 62 },
  nodes: { place: 8 / 30, district: 44 / 242 },
};

const FINENESS: Readonly<Record<Level, number>> = { city: 0, district: 1, place: 2 };

/** The level at a zoom (pixels per world unit). Near a border the level that was stays: a trembling hand changes nothing. */
export function levelAt(lens: Lens, zoom: number, before?: Level): Level {
  const reached = (level: 'district' | 'place') => {
    const slack = before === undefined ? 1 : FINENESS[before] >= FINENESS[level] ? 0.94 : 1;
    return zoom >= SEEN[lens][level] * slack;
  };
  return reached('place') ? 'place' : reached('district') ? 'district' : 'city';
}

/** Ground around the screen that is drawn in advance, in screens. */
const AHEAD = 0.6;

/** The focus for what the screen shows. The one before stays as long as it serves, so that panning builds nothing. */
export function focusOn(lens: Lens, zoom: number, seen: Rect, before?: Focus): Focus {
  const level = levelAt(lens, zoom, before?.level);
  if (level === 'city') return before?.level === 'city' ? before : { level, area: ENDLESS };
  if (before?.level === level && holds(before.area, seen) && before.area.width < 6 * seen.width) return before;
  const [x, y] = [seen.width * AHEAD, seen.height * AHEAD];
  return { level, area: { x: seen.x - x, y: seen.y - y, width: seen.width + 2 * x, height: seen.height + 2 * y } };
}

const holds = (a: Rect, b: Rect): boolean =>
  a.x <= b.x && a.y <= b.y && a.x + a.width >= b.x + b.width && a.y + a.height >= b.y + b.height;

/** Are the parts of this ground drawn, down to `level`? */
export const isNear = (focus: Focus, level: 'district' | 'place', ground: Rect): boolean =>
  (focus.level === 'place' || focus.level === level) && overlap(focus.area, ground);

export const groundAround = ({ x, y }: Point, radius: number): Rect => around([{ x, y, width: 0, height: 0 }], radius);
