import { quadtree } from 'd3';
import { centre, type Point, type Rect, threshold } from './geometry.ts';
import { bowed, distanceToPath, type Path } from './path.ts';
import type { ServicesPlan } from './plan-services.ts';
import type { Gate } from './scene.ts';

type Spot = Point & { readonly radius: number };

/** Ways are found once for a plan: they do not depend on the traffic. */
const known = new WeakMap<ServicesPlan, Ways>();

interface Ways {
  readonly paths: Map<string, Path | undefined>;
  /** Spots whose circle may touch this ground. */
  readonly within: (ground: Rect) => Spot[];
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
  within: Ways['within'],
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

function finder(spots: readonly Spot[]): (ground: Rect) => Spot[] {
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

const BOWS = [0.1, 0.2, -0.12, 0.3, -0.24, 0.42, -0.38] as const;
/** A way across half the city is not worth a look at everything it passes. */
const FAR = 2600;

/**
 * The gentlest curve that runs through the fewest other places and stays on the land. Its lean to the left keeps A→B and
 * B→A apart.
 */
function wayAround(land: Rect, start: Spot | Point, end: Spot | Point, within: Ways['within']): Path {
  if (Math.hypot(end.x - start.x, end.y - start.y) > FAR) return bowed(start, end, BOWS[0]);
  let best: Path | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const bow of BOWS) {
    const path = bowed(start, end, bow);
    let cost = Math.abs(bow) * 40 + strays(path, land);
    for (const other of within(path.ground)) {
      if (isAt(other, start) || isAt(other, end)) continue;
      const inside = other.radius * 0.85 - distanceToPath(path, other);
      if (inside > 0) cost += 6 + inside;
    }
    if (cost < least) [best, least] = [path, cost];
    if (cost < 5) break;
  }
  return best as Path;
}

const isAt = (a: Point, b: Point): boolean => a.x === b.x && a.y === b.y;

/** How far a way leaves the land above or below; to the gates it must. */
const strays = ({ ground }: Path, land: Rect): number =>
  Math.max(0, land.y - ground.y, ground.y + ground.height - land.y - land.height);
