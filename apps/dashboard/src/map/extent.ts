import { around, type Point, type Rect } from './geometry.ts';
import type { Scene } from './scene.ts';

/** What is drawn may reach this far beyond its own ground: broad roads, shadows, halos. */
export const OVERHANG = { world: 44, pixels: 20 };

/** The ground that anything of a scene stands on, its words not counted. Beside it every picture is empty. */
export function extentOf({ bounds, roads, barring, water }: Scene): Rect {
  const streets = [...roads, ...barring.streets].map(({ path }) => path.ground);
  return around([bounds, ...streets, ...water.map(aroundPoints)], OVERHANG.world);
}

function aroundPoints(points: readonly Point[]): Rect {
  return around(points.map(({ x, y }) => ({ x, y, width: 0, height: 0 })));
}

/** Where ground lies on the screen as seen from here, with what hangs over it; CSS pixels. */
export function onScreen({ x, y, zoom }: Point & { readonly zoom: number }, ground: Rect): Rect {
  const at = {
    x: ground.x * zoom + x,
    y: ground.y * zoom + y,
    width: ground.width * zoom,
    height: ground.height * zoom,
  };
  return around([at], OVERHANG.pixels);
}

/** What two rectangles have in common; undefined when that is nothing. */
export function common(a: Rect, b: Rect): Rect | undefined {
  const [x, y] = [Math.max(a.x, b.x), Math.max(a.y, b.y)];
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}
