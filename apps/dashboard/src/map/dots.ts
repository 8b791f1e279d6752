import { random } from './geometry.ts';
import { pointAt } from './path.ts';
import type { Road } from './scene.ts';

/** Dots on the roads: new connections on their way. One budget for the whole map bounds the cost of a frame. */
export const DOT_BUDGET = 900;
/** World units per second. */
const SPEED = 74;
/** Dots per second for one new connection per second, before the budget: below the root so that busy roads stay readable. */
const liveliness = (rate: number): number => (rate <= 0 ? 0 : 1.1 * rate ** 0.62);

/** One way of one road. */
export interface Lane {
  readonly road: Road;
  readonly back: boolean;
  /** Dots to set out per second. */
  readonly perSecond: number;
}

/**
 * Dots per second of every lane. Strictly rising with the lane's own rate: the curve is, and the common factor that
 * keeps all dots within the budget falls slower than the curve rises.
 */
export function lanesOf(roads: readonly Road[], budget = DOT_BUDGET): readonly Lane[] {
  const wished = roads.flatMap((road) => [
    { road, back: false, perSecond: liveliness(road.rate) },
    { road, back: true, perSecond: liveliness(road.backRate) },
  ]);
  const atOnce = wished.reduce((sum, lane) => sum + (lane.perSecond * lane.road.path.length) / SPEED, 0);
  const factor = Math.min(1, budget / Math.max(1, atOnce));
  return wished.filter((lane) => lane.perSecond > 0).map((lane) => ({ ...lane, perSecond: lane.perSecond * factor }));
}

interface Dot {
  readonly lane: string;
  t: number;
  readonly aside: number;
}

/** The dots under way. Seeded: the same frames give the same picture. */
export class Dots {
  #dots: Dot[] = [];
  #lanes = new Map<string, Lane>();
  readonly #credit = new Map<string, number>();
  readonly #draw = random(7);

  /** Takes new rates; dots on roads that are gone vanish, the others go on. */
  follow(roads: readonly Road[]): void {
    this.#lanes = new Map(lanesOf(roads).map((lane) => [`${lane.road.id}${lane.back ? '<' : '>'}`, lane]));
    this.#dots = this.#dots.filter((dot) => this.#lanes.has(dot.lane));
    for (const key of this.#credit.keys()) if (!this.#lanes.has(key)) this.#credit.delete(key);
  }

  get count(): number {
    return this.#dots.length;
  }

  /** False when nothing moves and nothing is about to. */
  get moving(): boolean {
    return this.#lanes.size > 0;
  }

  /** Sets roads as full as they are in the long run, so that a new scene does not begin empty. */
  fill(): void {
    this.#dots = [];
    for (const [key, { road, perSecond }] of this.#lanes) {
      const n = (perSecond * road.path.length) / SPEED;
      for (let i = 0; i < Math.floor(n + this.#draw()); i += 1) this.#set(key, road, this.#draw());
    }
  }

  /** Moves by `seconds` of time. A long pause counts as a tenth: dots do not jump when a tab wakes. */
  move(seconds: number): void {
    const step = Math.min(seconds, 0.1);
    for (const dot of this.#dots)
      dot.t += (SPEED * step) / Math.max(1, this.#lanes.get(dot.lane)?.road.path.length ?? 1);
    this.#dots = this.#dots.filter((dot) => dot.t < 1);
    for (const [key, { road, perSecond }] of this.#lanes) {
      let credit = (this.#credit.get(key) ?? this.#draw()) + perSecond * step * (0.5 + this.#draw());
      for (; credit >= 1; credit -= 1) if (this.#dots.length < DOT_BUDGET * 1.2) this.#set(key, road, 0);
      this.#credit.set(key, credit);
    }
  }

  #set(lane: string, road: Road, t: number): void {
    const twoWay = road.rate > 0 && road.backRate > 0;
    const breadth = road.width / 2 - 2.5;
    // Two-way streets keep to the right.
    const aside = twoWay ? breadth * (0.2 + 0.7 * this.#draw()) : breadth * 1.5 * (this.#draw() - 0.5);
    this.#dots.push({ lane, t, aside });
  }

  /** Calls back with every dot's place in the world. */
  each(visit: (x: number, y: number, lane: Lane) => void): void {
    const at = { x: 0, y: 0 };
    for (const dot of this.#dots) {
      const lane = this.#lanes.get(dot.lane);
      if (!lane) continue;
      pointAt(lane.road.path, lane.back ? 1 - dot.t : dot.t, lane.back ? -dot.aside : dot.aside, at);
      visit(at.x, at.y, lane);
    }
  }
}
