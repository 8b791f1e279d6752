import { plural, rate, size } from '../city/format.ts';
import { policiesWords } from '../city/refusals.ts';
import { type Brush, isSeen, presence } from './brush.ts';
import { endOf } from './draw-gates.ts';
import type { Fold } from './fold.ts';
import { distanceToRect, type Point } from './geometry.ts';
import type { Label } from './labels.ts';
import { groundOf } from './outlines.ts';
import { type Barred, type Building, type Measured, type Scene, told } from './scene.ts';
import { measure } from './write-label.ts';

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

/** Pods that are folded and closed by policies, told as fully as there is room: `12 of 40 pods closed`, `12/40`. */
export function closedLabels(
  brush: Brush,
  folded: Fold | undefined,
  { places, room, dim }: { readonly places: readonly Point[]; readonly room: number; readonly dim: boolean },
): Label[] {
  if (!folded || folded.closed === 0) return [];
  const words = { ...PLAIN, size: 10.5, weight: 600, sign: 'closed' } as const;
  const full = `${folded.closed} of ${plural(folded.pods, 'pod')} closed`;
  const text = measure(brush, { ...words, text: full }) <= room ? full : `${folded.closed}/${folded.pods}`;
  return [{ ...words, text, places, tone: 'soft', priority: 55, halo: true, dim }];
}

/** Words at gates are for where houses have room for them: pixels for a unit of the world. */
const NAMED_FROM = { services: 0.6, nodes: 1.25 } as const;

/** Who refuses, at the gates where streets end; attempts without a street, at the place where they are refused. */
export function barredLabels(brush: Brush, scene: Scene, project: Project): Label[] {
  const { streets, within } = scene.barring;
  const words = { ...PLAIN, size: 11, weight: 600, tone: 'refused', halo: true } as const;
  const named = scene.level === 'place' && brush.zoom >= NAMED_FROM[scene.lens] ? streets : [];
  const homes = buildingsOfEnds(scene, named);
  return [
    ...[...Map.groupBy(homes, ([, home]) => home)].flatMap(([home, own]): Label[] => {
      if (!isSeen(brush, home.rect)) return [];
      // Rooms stand close: who refuses there is told once for all of them, on the building's own floor.
      const policies = [...new Set(own.flatMap(([{ policies: refusing }]) => refusing))].sort();
      const floor = project({ x: home.rect.x + 16, y: home.rect.y + home.rect.height });
      const text = namedPolicies(
        policies,
        (all) => measure(brush, { ...words, text: all }) <= home.rect.width * brush.zoom - 32,
      );
      const x = floor.x + measure(brush, { ...words, sign: 'barred', text }) / 2;
      const places = [11, 24, -13].map((up) => ({ x, y: floor.y - up }));
      const dim = own.every(([{ id }]) => presence(brush, id, 0) === 0);
      return [{ ...words, sign: 'barred', text, places, priority: 96, dim }];
    }),
    ...named
      .filter((street) => !homes.has(street))
      .flatMap((street): Label[] => {
        if (!isSeen(brush, street.path.ground)) return [];
        const { at, way } = endOf(street.path);
        const { x, y } = project(at);
        // On the services lens the gate stands in the namespace whose policies these are.
        const namespace = scene.lens === 'services' ? street.policies[0]?.replace(/\/.*/, '') : undefined;
        const text = policiesWords(street.policies, namespace);
        const half = measure(brush, { ...words, text }) / 2;
        // Beside the street's end, so that its rails do not cross the word; else before the gate.
        const beside = (side: number) => ({
          x: x - side * way.y * (13 + half * Math.abs(way.y)),
          y: y + side * way.x * 15,
        });
        const left = way.x > 0 ? 1 : -1;
        const places = [
          beside(left),
          beside(-left),
          { x: x - way.x * 26, y: y - way.y * 26 },
          { x, y: y - 18 },
          { x, y: y + 18 },
        ];
        const dim = presence(brush, street.id, 0) === 0;
        return [{ ...words, text, places, priority: 56, dim }];
      }),
    ...[...within].flatMap(([place, n]): Label[] => {
      const ground = groundOf(scene, place);
      if (!ground || !isSeen(brush, ground)) return [];
      const { x, y } = project({ x: ground.x + ground.width / 2, y: ground.y });
      const places = [
        { x, y: y - 10 },
        { x, y: y + 12 },
      ];
      return [
        { ...words, sign: 'barred', text: `${n} refused`, places, priority: 125, dim: presence(brush, place, 0) === 0 },
      ];
    }),
  ];
}

/** Of streets that end at a room: the building it is in. */
function buildingsOfEnds({ buildings }: Scene, streets: readonly Barred[]): ReadonlyMap<Barred, Building> {
  const found = new Map<Barred, Building>();
  for (const street of streets) {
    const { at } = endOf(street.path);
    const home = buildings.find(({ rect }) => distanceToRect(at, rect) === 0);
    if (home) found.set(street, home);
  }
  return found;
}

/** All of them where there is room, else the first and how many more. */
function namedPolicies(policies: readonly string[], fits: (text: string) => boolean): string {
  const all = policies.join(', ');
  return policies.length > 1 && fits(all) ? all : policiesWords(policies);
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
