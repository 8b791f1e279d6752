import { endsOfRefusals } from '../city/refusals.ts';
import type { Slices } from '../city/slices.ts';
import type { EdgeEnds, Survey } from '../city/survey.ts';
import type { Point } from './geometry.ts';
import { sumsAtGates } from './measured.ts';
import type { Gate } from './scene.ts';

/** A gate and how far down the edge of the city it stands: world units at least, or this part of the land's height. */
export interface GateSite {
  readonly id: string;
  readonly label: string;
  readonly down: number;
  readonly part: number;
}

/** Least distance between a gate and the land, and the part of its width in a large city. */
const ASIDE = { least: 76, part: 0.02 };

const STILL = { rate: 0, bytes: 0 };

/**
 * The gates that traffic passes, and who is refused, left of the land.
 * @param top the point of the land's left edge that the sites are measured from, and its size
 */
export function* gatesAt(
  survey: Survey,
  gateOf: (ends: EdgeEnds) => string,
  sites: readonly GateSite[],
  top: Point & { readonly width: number; readonly height: number },
): Slices<Gate[]> {
  const sums = yield* sumsAtGates(survey, gateOf);
  const barred = new Set<string>();
  for (const { from, to } of endsOfRefusals(survey).values()) {
    for (const place of [...from, ...to]) if (place.startsWith('gate:')) barred.add(place);
  }
  const x = top.x - Math.max(ASIDE.least, ASIDE.part * top.width);
  return sites.flatMap(({ id, label, down, part }) => {
    const sum = sums.get(id) ?? (barred.has(id) ? STILL : undefined);
    return sum ? [{ id, label, ...sum, x, y: top.y + Math.max(down, part * top.height) }] : [];
  });
}
