import { plural, rate, size } from '../city/format.ts';
import { type Brush, presence } from './brush.ts';
import { groundOf } from './draw-marks.ts';
import type { Fold } from './fold.ts';
import type { Point } from './geometry.ts';
import type { Label } from './labels.ts';
import { type Measured, type Scene, told } from './scene.ts';

export type Project = (point: Point) => Point;

export const PLAIN = { weight: 500, tone: 'text', halo: false, dim: false } as const;

/** The figure of a thing, in what the map tells: `340/s`, `1.2 MB/s`; empty when nothing moves. */
export function tellingOf({ metric }: Pick<Scene, 'metric'>, of: Measured): string {
  const value = told(metric, of);
  return value <= 0 ? '' : metric === 'bytes' ? `${size(value)}/s` : `${rate(value)}/s`;
}

/** Drained and reweighted backends that are folded are told with their sign and number wherever there is a place. */
export function signLabels(folded: Fold | undefined, places: readonly Point[], dim: boolean): Label[] {
  if (!folded) return [];
  const signs = [
    { sign: 'draining', n: folded.draining, tone: 'drain' },
    { sign: 'weighted', n: folded.weighted, tone: 'weight' },
  ] as const;
  return signs
    .filter(({ n }) => n > 0)
    .map(({ sign, n, tone }, i) => ({
      ...PLAIN,
      text: String(n),
      sign,
      tone,
      places: places.map(({ x, y }) => ({ x, y: y + 14 * i })),
      size: 11,
      weight: 700,
      priority: 150,
      halo: true,
      dim,
    }));
}

/** A place of fewer pixels has no room for this: the tooltip tells it there, and the legend the sum of all. */
const BROAD = 100;

/** Streets that are not drawn, told at the place they leave. */
export function asideLabels(brush: Brush, scene: Scene, project: Project): Label[] {
  return scene.asides.flatMap((aside): Label[] => {
    const ground = aside.kind === 'more' ? groundOf(scene, aside.at) : undefined;
    if (!ground || ground.width * brush.zoom < BROAD) return [];
    const telling = tellingOf(scene, aside);
    const below = project({ x: ground.x + ground.width / 2, y: ground.y + ground.height });
    return [
      {
        ...PLAIN,
        text: `+${plural(aside.streets, 'street')}${telling === '' ? '' : ` · ${telling}`}`,
        places: [
          { x: below.x, y: below.y - 9 },
          { x: below.x, y: below.y + 30 },
        ],
        size: 10,
        priority: 10,
        tone: 'soft',
        halo: true,
        dim: presence(brush, aside.at, 0) === 0,
      },
    ];
  });
}
