import { quadtree } from 'd3';
import type { Point, Rect } from './geometry.ts';
import { distanceToPath, type Path } from './path.ts';

/** What a street should lead around. */
export type Spot = Point & { readonly radius: number };

/** Spots whose circle may touch this ground. */
export type Within = (ground: Rect) => Spot[];

export function finder(spots: readonly Spot[]): Within {
  const largest = Math.max(0, ...spots.map(({ radius }) => radius));
  const tree = quadtree<Spot>(
    [...spots],
    ({ x }) => x,
    ({ y }) => y,
  );
  return (ground) => {
    const found: Spot[] = [];
    const [left, top] = [ground.x - largest, ground.y - largest];
    const [right, bottom] = [ground.x + ground.width + largest, ground.y + ground.height + largest];
    tree.visit((node, x0, y0, x1, y1) => {
      if (x0 > right || x1 < left || y0 > bottom || y1 < top) return true;
      if (node.length) return false;
      for (let leaf: typeof node | undefined = node; leaf; leaf = leaf.next) found.push(leaf.data);
      return false;
    });
    return found;
  };
}

/** The curve that costs least; of those that hinder nobody the first. */
export function gentlest(
  bows: readonly number[],
  curve: (bow: number) => Path,
  hindrance: (path: Path) => number,
): Path {
  let best: Path | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const bow of bows) {
    const path = curve(bow);
    const cost = Math.abs(bow) * 40 + hindrance(path);
    if (cost < least) [best, least] = [path, cost];
    if (cost < 5) break;
  }
  return best as Path;
}

/** What it costs that a way runs through places other than its ends. */
export function runsThrough(path: Path, within: Within, ends: readonly Point[]): number {
  let cost = 0;
  for (const other of within(path.ground)) {
    if (ends.some(({ x, y }) => x === other.x && y === other.y)) continue;
    const inside = other.radius * 0.85 - distanceToPath(path, other);
    if (inside > 0) cost += 6 + inside;
  }
  return cost;
}
