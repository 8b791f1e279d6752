import { centre, type Point } from './geometry.ts';
import { bowed, type Path } from './path.ts';
import type { Scene } from './scene.ts';
import type { Where } from './where.ts';

/** One leg of a way that was explained, as it is drawn. */
export interface TrailLeg {
  readonly from: string;
  readonly to: string;
  /** 0..1 */
  readonly chance: number;
  readonly path: Path;
}

/** Legs whose ends both have ground on this lens; a house that is drawn is met at its door, anything else in its middle. */
export function trailOf(
  legs: readonly { readonly from: string; readonly to: string; readonly chance: number }[],
  scene: Scene,
  where: Where,
): readonly TrailLeg[] {
  const drawn = new Map<string, Point>();
  for (const house of scene.houses) drawn.set(house.id, house);
  for (const gate of scene.gates) drawn.set(gate.id, gate);
  const pointOf = (id: string): Point | undefined => {
    const ground = drawn.get(id) ? undefined : where.place(id);
    return drawn.get(id) ?? (ground && centre(ground));
  };
  return legs.flatMap(({ from, to, chance }) => {
    const [start, end] = [pointOf(from), pointOf(to)];
    if (!start || !end || Math.hypot(end.x - start.x, end.y - start.y) < 1) return [];
    return [{ from, to, chance, path: bowed(start, end, 0.08) }];
  });
}
