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
  /** It ends at a closed gate: of the place it comes to, or of the one it would leave. */
  readonly barred?: 'in' | 'out';
}

/** World units before a pod at which a refused way ends, and how far somebody gets who may not leave. */
const BEFORE = 16;
const OUT = 0.3;

/** Legs whose ends both have ground on this lens; a house that is drawn is met at its door, anything else in its middle. */
export function trailOf(legs: readonly Omit<TrailLeg, 'path'>[], scene: Scene, where: Where): readonly TrailLeg[] {
  const drawn = new Map<string, Point>();
  for (const house of scene.houses) drawn.set(house.id, house);
  for (const gate of scene.gates) drawn.set(gate.id, gate);
  const pointOf = (id: string): Point | undefined => {
    const ground = drawn.get(id) ? undefined : where.place(id);
    return drawn.get(id) ?? (ground && centre(ground));
  };
  return legs.flatMap((leg) => {
    const [start, end] = [pointOf(leg.from), pointOf(leg.to)];
    const far = start && end ? Math.hypot(end.x - start.x, end.y - start.y) : 0;
    if (!start || !end || far < 1) return [];
    const part = leg.barred === 'out' ? OUT : leg.barred === 'in' ? Math.max(OUT, 1 - BEFORE / far) : 1;
    const stop = { x: start.x + (end.x - start.x) * part, y: start.y + (end.y - start.y) * part };
    return [{ ...leg, path: bowed(start, stop, 0.08) }];
  });
}
