import type { Point, Rect } from './geometry.ts';
import type { Scene } from './scene.ts';

export interface Outline extends Rect {
  readonly round: number;
}

/** The outline of a place that is drawn. */
export function groundOf(scene: Scene, id: string): Outline | undefined {
  let known = outlines.get(scene);
  if (!known) {
    known = outlinesOf(scene);
    outlines.set(scene, known);
  }
  return known.get(id);
}

const outlines = new WeakMap<Scene, ReadonlyMap<string, Outline>>();

/** The outlines of all places of a scene. */
export function outlinesOf({
  districts,
  yards,
  buildings,
  gates,
  junctions,
  houses,
}: Omit<Scene, 'barring'>): ReadonlyMap<string, Outline> {
  const own = new Map<string, Outline>();
  // Of several grounds of one namespace the first counts.
  for (const { id, rect, closed } of districts) if (closed && !own.has(id)) own.set(id, { ...rect, round: 30 });
  for (const { id, rect } of yards) own.set(id, { ...rect, round: 9 });
  for (const { id, rect } of buildings) own.set(id, { ...rect, round: 12 });
  for (const gate of gates) own.set(gate.id, { ...square(gate, 19), round: 19 });
  for (const one of junctions) own.set(one.id, { ...square(one, one.radius + 6), round: one.radius + 6 });
  for (const house of houses) own.set(house.id, { ...square(house, house.size / 2), round: house.size * 0.24 });
  return own;
}

const square = ({ x, y }: Point, reach: number): Rect => ({
  x: x - reach,
  y: y - reach,
  width: 2 * reach,
  height: 2 * reach,
});

/** Where one comes to a place from `towards`: on its outline, `gap` world units before it. */
export function doorOn({ x, y, width, height, round }: Outline, towards: Point, gap: number): Point {
  const middle = { x: x + width / 2, y: y + height / 2 };
  const [dx, dy] = [towards.x - middle.x, towards.y - middle.y];
  const far = Math.hypot(dx, dy) || 1;
  const isRound = round >= Math.min(width, height) / 2;
  const out = isRound ? width / 2 : far * Math.min(width / 2 / Math.abs(dx || 1e-9), height / 2 / Math.abs(dy || 1e-9));
  const reach = Math.min(far, out + gap) / far;
  return { x: middle.x + dx * reach, y: middle.y + dy * reach };
}
