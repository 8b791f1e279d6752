import type { Stand } from '../city/services.ts';
import type { Segment } from './scene.ts';

/** How a roundabout and its houses are divided. Radii in world units, angles in radians clockwise from the top. */
export const HOUSE = 15;
/** The ring of a Service without traffic and the busiest one; houses stand outside the largest. */
export const LARGEST_RING = 50;
const FIRST_ROW = LARGEST_RING + 21;
const ROW = HOUSE + 7;
const TURN = 2 * Math.PI;
/** Room a house needs along its row. */
const FRONT = HOUSE + 5;

/** Rows of houses outside a ring, so that all find a place. A row is full at two thirds: segments are not equally long. */
export function houseRows(houses: number): number {
  let rows = 1;
  for (let room = 0; ; rows += 1) {
    room += Math.floor(((FIRST_ROW + (rows - 1) * ROW) * TURN) / (FRONT * 1.5));
    if (room >= houses) return rows;
  }
}

/** The circle a roundabout needs with all its houses. */
export const plotRadius = (houses: number): number => FIRST_ROW + (houseRows(houses) - 1) * ROW + HOUSE / 2 + 12;

/** How far from the middle the house in place `index` stands. */
export const houseDistance = (index: number, houses: number): number => FIRST_ROW + (index % houseRows(houses)) * ROW;

/**
 * Splits a ring: each stand's segment is as long as its wished share, but never so short that its house would
 * touch the next one of its row; those with nothing keep that stub, drawn hollow.
 */
export function splitRing(
  stands: readonly Stand[],
  activityOf: (stand: Stand) => number,
): { readonly segments: readonly Segment[]; readonly middles: readonly number[] } {
  const n = stands.length;
  if (n === 0) return { segments: [], middles: [] };
  const least = Math.min(TURN / n, FRONT / FIRST_ROW / houseRows(n));
  const wished = stands.reduce((sum, stand) => sum + stand.wishedShare, 0);
  const spare = TURN - n * least;
  const segments: Segment[] = [];
  const middles: number[] = [];
  // The first segment begins where it leaves the ring's top between two houses.
  let from = n === 1 ? 0 : Math.PI / 7;
  for (const stand of stands) {
    const part = wished > 0 ? stand.wishedShare / wished : 1 / n;
    const to = from + least + spare * part;
    segments.push({ key: stand.key, from, to, activity: activityOf(stand), sign: stand.sign });
    middles.push((from + to) / 2);
    from = to;
  }
  return { segments, middles };
}
