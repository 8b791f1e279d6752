import { quadtree } from 'd3';
import type { Selection } from '../city/find.ts';
import { endOf } from './draw-gates.ts';
import { distanceToRect, type Point, type Rect } from './geometry.ts';
import { distanceToPath } from './path.ts';
import type { Scene } from './scene.ts';
import type { Where } from './where.ts';

/** What lies under a point of the world; the smaller thing wins over the larger. */
export type Hit = {
  readonly kind: 'house' | 'junction' | 'building' | 'gate' | 'road' | 'barred' | 'district';
  readonly id: string;
};

interface Target extends Point {
  readonly hit: Hit;
  readonly reach: number;
}

/** Prepares a scene for questions. `slack` is extra reach in world units: fingers and small zooms need some. */
export function hitTester(scene: Scene): (point: Point, slack: number) => Hit | undefined {
  const houses: Target[] = scene.houses.map(({ id, x, y, size }) => ({
    x,
    y,
    hit: { kind: 'house', id },
    reach: size * 0.6,
  }));
  const junctions: Target[] = scene.junctions.map(({ id, x, y, radius }) => ({
    x,
    y,
    hit: { kind: 'junction', id },
    reach: radius + 5,
  }));
  const gates: Target[] = scene.gates.map(({ id, x, y }) => ({ x, y, hit: { kind: 'gate', id }, reach: 24 }));
  const fences: Target[] = scene.barring.streets.map(({ id, path }) => ({
    ...endOf(path).at,
    hit: { kind: 'barred', id },
    reach: 8,
  }));
  const targets = [...houses, ...junctions, ...gates, ...fences];
  const tree = quadtree<Target>(
    targets,
    (target) => target.x,
    (target) => target.y,
  );
  const farthest = targets.reduce((most, { reach }) => Math.max(most, reach), 0);
  return (point, slack) =>
    nearestTarget(tree, point, farthest, slack) ??
    barredAt(scene, point, slack) ??
    buildingAt(scene, point) ??
    roadAt(scene, point, slack) ??
    districtAt(scene, point);
}

function nearestTarget(tree: d3.Quadtree<Target>, { x, y }: Point, farthest: number, slack: number): Hit | undefined {
  let best: Target | undefined;
  let least = Number.POSITIVE_INFINITY;
  const far = farthest + slack;
  tree.visit((node, x0, y0, x1, y1) => {
    if (x0 > x + far || x1 < x - far || y0 > y + far || y1 < y - far) return true;
    if (node.length) return false;
    for (let leaf: typeof node | undefined = node; leaf; leaf = leaf.next) {
      const over = Math.hypot(leaf.data.x - x, leaf.data.y - y) - leaf.data.reach;
      if (over <= slack && over < least) [best, least] = [leaf.data, over];
    }
    return false;
  });
  return best?.hit;
}

function buildingAt(scene: Scene, { x, y }: Point): Hit | undefined {
  const found = scene.buildings.find(
    ({ rect }) => x >= rect.x && x <= rect.x + rect.width && y >= rect.y && y <= rect.y + rect.height,
  );
  return found && { kind: 'building', id: found.id };
}

function roadAt(scene: Scene, point: Point, slack: number): Hit | undefined {
  let best: Hit | undefined;
  let least = slack;
  for (const road of scene.roads) {
    if (distanceToRect(point, road.path.ground) > road.width / 2 + slack) continue;
    const over = distanceToPath(road.path, point) - road.width / 2;
    if (over <= least) [best, least] = [{ kind: 'road', id: road.id }, over];
  }
  return best;
}

/** It lies over roads and walls. */
function barredAt({ barring }: Scene, point: Point, slack: number): Hit | undefined {
  const reach = slack + 3.5;
  const found = barring.streets.find(
    ({ path }) => distanceToRect(point, path.ground) <= reach && distanceToPath(path, point) <= reach,
  );
  return found && { kind: 'barred', id: found.id };
}

function districtAt(scene: Scene, { x, y }: Point): Hit | undefined {
  const found = scene.districts.find(
    ({ rect, shape, closed }) =>
      (shape === 'parcel' || closed) &&
      x >= rect.x &&
      x <= rect.x + rect.width &&
      y >= rect.y &&
      y <= rect.y + rect.height,
  );
  return found && { kind: 'district', id: found.id };
}

/** Is this district drawn as one block? */
export const isClosed = (scene: Scene | undefined, id: string): boolean =>
  scene?.districts.some((district) => district.id === id && district.closed) ?? false;

/** The ground that a click on it flies to: of a district that is one block. */
export const wayInto = (scene: Scene, where: Where, hit: Hit | undefined): Rect | undefined =>
  hit?.kind === 'district' && isClosed(scene, hit.id) ? where.place(hit.id) : undefined;

/** What a click on it selects. A gate and an address without a pod have no panel of their own. */
export function selectionOf(scene: Scene, hit: Hit | undefined): Selection | undefined {
  if (!hit) return undefined;
  const bare = hit.id.replace(/^[a-z]+:/, '');
  if (hit.kind === 'junction') return { kind: 'service', id: bare };
  if (hit.kind === 'building') return { kind: 'node', id: bare };
  if (hit.kind === 'road' || hit.kind === 'barred') return { kind: hit.kind, id: hit.id };
  if (hit.kind !== 'house') return undefined;
  const uid = scene.houses.find((house) => house.id === hit.id)?.podUid;
  return uid === undefined ? undefined : { kind: 'pod', id: uid };
}
