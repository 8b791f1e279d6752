import type { Point, Rect } from './geometry.ts';

/** Rivers in the gaps between zones: across between bands, down between neighbours of one band. */
export function waterOf(zones: readonly Rect[], land: Rect): Point[][] {
  const bands = [...new Set(zones.map((zone) => zone.y))].sort((a, b) => a - b);
  const rivers: Point[][] = [];
  for (const [i, top] of bands.entries()) {
    const row = zones.filter((zone) => zone.y === top).sort((a, b) => a.x - b.x);
    const bottom = Math.max(...row.map((zone) => zone.y + zone.height));
    const next = bands[i + 1];
    if (next !== undefined)
      rivers.push(
        wave({ x: land.x - 900, y: (bottom + next) / 2 }, { x: land.x + land.width + 900, y: (bottom + next) / 2 }),
      );
    for (let j = 1; j < row.length; j += 1) {
      const [left, right] = [row[j - 1] as Rect, row[j] as Rect];
      const x = (left.x + left.width + right.x) / 2;
      const from = i === 0 ? land.y - 900 : top - 42;
      const to = next === undefined ? land.y + land.height + 900 : bottom + 42;
      rivers.push(wave({ x, y: from }, { x, y: to }));
    }
  }
  return rivers;
}

function wave(a: Point, b: Point): Point[] {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const steps = Math.max(2, Math.round(length / 60));
  const normal = { x: -(b.y - a.y) / length, y: (b.x - a.x) / length };
  return Array.from({ length: steps + 1 }, (_, i) => {
    const t = i / steps;
    const sway = Math.sin(t * length * 0.0085) * 11;
    return { x: a.x + (b.x - a.x) * t + normal.x * sway, y: a.y + (b.y - a.y) * t + normal.y * sway };
  });
}
