import { finder, gentlest, runsThrough, type Spot, type Within } from './detour.ts';
import { centre, type Point, type Rect, threshold } from './geometry.ts';
import { bowed, type Path } from './path.ts';
import type { ServicesPlan } from './plan-services.ts';
import type { Gate } from './scene.ts';

/** Ways are found once for a plan: they do not depend on the traffic. */
const known = new WeakMap<ServicesPlan, Ways>();

interface Ways {
  readonly paths: Map<string, Path | undefined>;
  readonly within: Within;
}

/** The middle line of a street between two places of the services lens: Services, hamlets, districts, gates. */
export function waysOf(
  plan: ServicesPlan,
  land: Rect,
  gates: readonly Gate[],
): (street: { readonly from: string; readonly to: string }) => Path | undefined {
  let ways = known.get(plan);
  if (!ways) {
    ways = { paths: new Map(), within: finder(Object.values(plan.spots)) };
    known.set(plan, ways);
  }
  const { paths, within } = ways;
  const ends = new Map<string, Spot>(gates.map((gate) => [gate.id, { x: gate.x, y: gate.y, radius: 20 }]));
  return ({ from, to }) => {
    const key = `${from} ${to}`;
    if (!paths.has(key)) paths.set(key, wayBetween(plan, ends, land, from, to, within));
    return paths.get(key);
  };
}

function wayBetween(
  plan: ServicesPlan,
  gates: ReadonlyMap<string, Spot>,
  land: Rect,
  from: string,
  to: string,
  within: Within,
): Path | undefined {
  const block = (id: string) =>
    id.startsWith('namespace:') ? plan.cells[id.slice('namespace:'.length)]?.[0] : undefined;
  const [a, b] = [block(from), block(to)];
  const [start, end] = [
    a ? centre(a) : (gates.get(from) ?? plan.spots[from]),
    b ? centre(b) : (gates.get(to) ?? plan.spots[to]),
  ];
  if (!start || !end) return undefined;
  if (a || b) return bowed(a ? threshold(a, end) : start, b ? threshold(b, start) : end, 0.11);
  return wayAround(land, start, end, within);
}

/** A way across half the city is not worth a look at everything it passes. */
const FAR = 2600;

/** Stays on the land. Its lean to the left keeps A→B and B→A apart. */
function wayAround(land: Rect, start: Spot | Point, end: Spot | Point, within: Within): Path {
  const curve = (bow: number) => bowed(start, end, bow);
  if (Math.hypot(end.x - start.x, end.y - start.y) > FAR) return curve(BOWS[0]);
  return gentlest(BOWS, curve, (path) => strays(path, land) + runsThrough(path, within, [start, end]));
}

const BOWS = [0.1, 0.2, -0.12, 0.3, -0.24, 0.42, -0.38] as const;

/** How far a way leaves the land above or below; to the gates it must. */
const strays = ({ ground }: Path, land: Rect): number =>
  Math.max(0, land.y - ground.y, ground.y + ground.height - land.y - land.height);
