import { barredId, endsOfRefusals, type NamedRefusal, type RefusalEnds } from '../city/refusals.ts';
import { PIECE, type Slices } from '../city/slices.ts';
import type { Survey } from '../city/survey.ts';
import { centre, type Point } from './geometry.ts';
import { doorOn, type Outline, outlinesOf } from './outlines.ts';
import { bowed, type Path } from './path.ts';
import { type Barred, type Barring, NOTHING_BARRED, type Scene } from './scene.ts';

/** Streets of refused attempts drawn at once, the freshest; the others are told where they end. */
const MOST_BARRED = 160;
/** How a street of refused attempts bows: more than a road, so that the two lie beside each other. */
const BOW = 0.16;
/** World units that somebody who may not leave gets from the door, and that part of the place's size more. */
const STUB = { least: 16, part: 0.35 };
/** World units between a place and the gate before it. */
const GAP = 5;

interface Found {
  readonly from: string;
  readonly to: string;
  readonly own: NamedRefusal[];
}

/** Attempts that policies refuse, between the places of the scene. Of a city without any it costs nothing. */
export function* barringOf(survey: Survey, scene: Omit<Scene, 'barring'>): Slices<Barring> {
  if (survey.city.refusal.size === 0) return NOTHING_BARRED;
  const outlines = outlinesOf(scene);
  const homes = new Map(scene.houses.map(({ id, at }) => [id, at]));
  const ends = endsOfRefusals(survey);
  const found = new Map<string, Found>();
  const within = new Map<string, number>();
  let aside = 0;
  let looked = 0;
  const freshest = [...survey.city.refusal].sort(([, a], [, b]) => b.lastAt - a.lastAt);
  for (const named of freshest) {
    looked += 1;
    if (looked % PIECE === 0) yield;
    const own = ends.get(named[0]);
    const drawn = own && drawnEnds(onLens(own, scene.lens), named[1].direction, outlines, homes);
    const { from, to } = drawn ?? {};
    if (from === undefined || to === undefined) aside += 1;
    else if (from === to) within.set(to, (within.get(to) ?? 0) + 1);
    else {
      const id = barredId(from, to);
      const street = found.get(id);
      if (street) street.own.push(named);
      else if (found.size < MOST_BARRED) found.set(id, { from, to, own: [named] });
      else within.set(to, (within.get(to) ?? 0) + 1);
    }
  }
  const streets = [...found].map(([id, street]) => streetOf(id, street, outlines));
  return { streets: streets.sort((a, b) => (a.id < b.id ? -1 : 1)), within, aside };
}

/** Pods, gates and addresses stand on both; a junction on the nodes lens is nobody's home. */
const OF_SERVICES = /^(service|hamlet|namespace):/;
const OF_NODES = /^(node|zone):/;

function onLens({ from, to }: RefusalEnds, lens: Scene['lens']): RefusalEnds {
  const foreign = lens === 'nodes' ? OF_SERVICES : OF_NODES;
  const own = (places: readonly string[]) => places.filter((place) => !foreign.test(place));
  return { from: own(from), to: own(to) };
}

/**
 * Where on the map an attempt begins and ends. Whoever comes is drawn as a road would be, from a junction, yard or building,
 * and ends at the very house; whoever may not leave begins at the own house.
 */
function drawnEnds(
  { from, to }: RefusalEnds,
  direction: 'ingress' | 'egress',
  outlines: ReadonlyMap<string, Outline>,
  homes: ReadonlyMap<string, string | undefined>,
) {
  const drawn = (place: string) => outlines.has(place);
  const target = to.find(drawn);
  const house = from.find((place) => place.startsWith('pod:') && drawn(place));
  const start = from.find((place) => !place.startsWith('pod:') && drawn(place));
  if (direction === 'egress') return { from: house ?? start, to: target };
  if (target === undefined) return undefined;
  const near = start === target || start === homes.get(target) || isIn(start, target, outlines);
  const origin = near ? (house ?? start) : (start ?? house);
  // An address of the own building that nobody has: there is no way to draw.
  return { from: isIn(target, origin ?? '', outlines) ? target : origin, to: target };
}

/** Does `inner` stand on the ground of `place`? A building is not left for a room in it. */
function isIn(place: string | undefined, inner: string, outlines: ReadonlyMap<string, Outline>): boolean {
  const [around, inside] = [outlines.get(place ?? ''), outlines.get(inner)];
  return (
    around !== undefined &&
    inside !== undefined &&
    around.x <= inside.x &&
    around.y <= inside.y &&
    around.x + around.width >= inside.x + inside.width &&
    around.y + around.height >= inside.y + inside.height
  );
}

function streetOf(id: string, { from, to, own }: Found, outlines: ReadonlyMap<string, Outline>): Barred {
  const policies = new Set(own.flatMap(([, refusal]) => refusal.policies));
  const leaves = own.some(([, { direction }]) => direction === 'ingress');
  const path = wayOf(outlines.get(from) as Outline, outlines.get(to) as Outline, leaves);
  return { id, from, to, path, refusals: own, policies: [...policies].sort() };
}

/** To the door of the other place; of who may not leave, only a little way from the own. */
function wayOf(from: Outline, to: Outline, leaves: boolean): Path {
  const [start, end] = [doorOn(from, centre(to), 0), doorOn(to, centre(from), GAP)];
  if (leaves) return bowed(start, end, BOW);
  const far = Math.hypot(end.x - start.x, end.y - start.y) || 1;
  const part = Math.min(0.5, (STUB.least + STUB.part * Math.max(from.width, from.height)) / far);
  return bowed(start, between(start, end, part), 0);
}

const between = (a: Point, b: Point, part: number): Point => ({
  x: a.x + (b.x - a.x) * part,
  y: a.y + (b.y - a.y) * part,
});
