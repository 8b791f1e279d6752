import { around, centre, clamp, hash, type Point, type Rect } from './geometry.ts';
import { bowed, type Path } from './path.ts';
import type { NodesPlan } from './plan-nodes.ts';
import { zonePlace } from './zones.ts';

/** How deep into a zone a bridge leads, as a part of it. */
const DEPTH = 0.3;
/** Words stand in the middle of a zone: half of what stays free there, as a part of it. */
const WORDS = 0.12;
/** How far into a zone the streets from the gates lead, as a part of it; there no bridge stands. */
const ENTRY = 0.1;
/** A bridge bows as little as this: it stays in its street. */
const ARCH = 0.006;
/** World units from one bridge to the next. */
const APART = 34;

/** Among more zones bridges are built when they are asked for, and may lie over each other. */
const FEW = 8;

type Axis = 'x' | 'y';

/** A straight way: where it stands on one axis, and from where to where it leads on the other. */
interface Bridge {
  readonly on: Axis;
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Streets between zones: each has a bridge of its own, in a street between buildings where there is one, so that no two run
 * over each other and none crosses the words of a zone. The same zones and buildings give the same bridges.
 */
export class Bridges {
  readonly #zones: ReadonlyMap<string, Rect>;
  readonly #streets: Readonly<Record<Axis, readonly number[]>>;
  readonly #placed = new Map<string, Bridge>();

  constructor({ zones, buildings }: NodesPlan) {
    this.#zones = new Map(Object.entries(zones).map(([zone, rect]) => [zonePlace(zone), rect]));
    const walls = Object.values(buildings);
    this.#streets = { x: streetsBetween(walls, 'x'), y: streetsBetween(walls, 'y') };
    const ids = [...this.#zones.keys()].sort();
    if (ids.length > FEW) return;
    const ways = [false, true].flatMap((direct) =>
      ids.flatMap((from) => ids.flatMap((to) => (from === to ? [] : [{ from, to, direct }]))),
    );
    for (const [i, { from, to, direct }] of ways.entries())
      this.#place(keyOf(from, to, direct), from, to, (i + 0.5) / ways.length);
  }

  /** From zone to zone; undefined when one of them has no ground. Direct connections have a way of their own. */
  between(from: string, to: string, direct: boolean): Path | undefined {
    const key = keyOf(from, to, direct);
    if (!this.#placed.has(key)) this.#place(key, from, to, (hash(key) % 997) / 997);
    const bridge = this.#placed.get(key);
    if (!bridge) return undefined;
    const { on, at } = bridge;
    const point = (along: number): Point => (on === 'x' ? { x: at, y: along } : { x: along, y: at });
    return bowed(point(bridge.from), point(bridge.to), ARCH);
  }

  /** From a gate to the near side of a zone. */
  into(gate: Point, id: string, direct: boolean): Path | undefined {
    const zone = this.#zones.get(id);
    if (!zone) return undefined;
    const middle = centre(zone);
    // The upper gate's ways lie above the lower one's, in every zone.
    const lean = 0.09 * clamp((gate.y - middle.y) / zone.height, -1, 1) + (direct ? 0.05 : 0);
    const end = { x: zone.x + ENTRY * zone.width, y: middle.y + zone.height * lean };
    return bowed(gate, end, end.y < gate.y ? 0.08 : -0.08);
  }

  /** @param part where it would like to stand on what the zones have in common, 0..1 */
  #place(key: string, from: string, to: string, part: number): void {
    const [a, b] = [this.#zones.get(from), this.#zones.get(to)];
    if (!a || !b) return;
    const sides = { x: common(a.x, a.width, b.x, b.width), y: common(a.y, a.height, b.y, b.height) };
    const on: Axis = sides.x.length >= sides.y.length ? 'x' : 'y';
    const { start, length } = sides[on];
    const entry = on === 'x' ? ENTRY * length : 0;
    const [low, high] = [start + entry + APART, start + length - APART];
    const wish = low + part * (high - low);
    const way = on === 'x' ? inward(a.y, a.height, b.y, b.height) : inward(a.x, a.width, b.x, b.width);
    const candidates = [
      ...this.#streets[on]
        .filter((at) => at > low && at < high)
        .sort((p, q) => Math.abs(p - wish) - Math.abs(q - wish)),
      ...Array.from({ length: 2 * Math.ceil((high - low) / APART) }, (_, i) => {
        const away = Math.ceil(i / 2) * APART;
        return clamp(wish + (i % 2 === 0 ? away : -away), low, high);
      }),
      wish,
    ];
    const bridges = candidates.map((at): Bridge => ({ on, at, ...way }));
    const few = this.#zones.size <= FEW;
    const bridge = few ? (bridges.find((one) => this.#isFree(one)) ?? bridges.at(-1)) : bridges[0];
    if (bridge) this.#placed.set(key, bridge);
  }

  #isFree(bridge: Bridge): boolean {
    const ground = groundOf(bridge, APART / 2);
    for (const other of this.#placed.values()) if (touch(ground, groundOf(other, APART / 2))) return false;
    for (const zone of this.#zones.values()) if (touch(ground, wordsOf(zone))) return false;
    return true;
  }
}

const keyOf = (from: string, to: string, direct: boolean): string => `${from}${direct ? '⇢' : '→'}${to}`;

const groundOf = ({ on, at, from, to }: Bridge, half: number): Rect => {
  const [start, length] = [Math.min(from, to), Math.abs(to - from)];
  return on === 'x'
    ? { x: at - half, y: start, width: 2 * half, height: length }
    : { x: start, y: at - half, width: length, height: 2 * half };
};

const wordsOf = (zone: Rect): Rect => {
  const { x, y } = centre(zone);
  return around([{ x, y, width: 0, height: 0 }], WORDS * Math.min(zone.width, 4 * zone.height));
};

/** As `overlap`, and neighbours that only share an edge are apart. */
const touch = (a: Rect, b: Rect): boolean =>
  a.x + 1e-6 < b.x + b.width && b.x + 1e-6 < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** The middles of the streets that run across an axis between buildings. */
function streetsBetween(walls: readonly Rect[], axis: Axis): readonly number[] {
  const size = axis === 'x' ? 'width' : 'height';
  const lines = [...new Map(walls.map((wall) => [wall[axis], wall])).values()].sort((a, b) => a[axis] - b[axis]);
  return lines.flatMap((wall, i) => {
    const next = lines[i + 1];
    const end = wall[axis] + wall[size];
    return next && next[axis] > end ? [(end + next[axis]) / 2] : [];
  });
}

function common(a: number, aLength: number, b: number, bLength: number) {
  const start = Math.max(a, b);
  return { start, length: Math.min(a + aLength, b + bLength) - start };
}

/** From inside the one to inside the other, each entered from where the other begins. */
function inward(a: number, aLength: number, b: number, bLength: number): { from: number; to: number } {
  const into = (start: number, length: number, other: number) => start + length * (other > start ? 1 - DEPTH : DEPTH);
  return { from: into(a, aLength, b), to: into(b, bLength, a) };
}
