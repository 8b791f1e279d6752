import { grainAt } from './brush.ts';
import { random } from './geometry.ts';
import { pointAt } from './path.ts';
import type { Metric, Road } from './scene.ts';

/** Dots on the roads: what is measured, on its way. One budget for the whole map bounds the cost of a frame. */
export const DOT_BUDGET = 900;
/** World units per second, for one unit of grain. */
const SPEED = 74;
/** How fast a dot is seen to go, pixels per second at this zoom. */
export const paceAt = (zoom: number): number => SPEED * grainAt(zoom) * zoom;
/** Bytes per second that are as lively as one new connection per second. */
const BYTES = 20_000;
/** Dots per second for one new connection per second, before the budget: below the root so that busy roads stay readable. */
const liveliness = (rate: number): number => (rate <= 0 ? 0 : 1.1 * rate ** 0.62);

/** One way of one road. */
export interface Lane {
  readonly road: Road;
  readonly back: boolean;
  /** Dots to set out per second. */
  readonly perSecond: number;
}

/** What dots need to know of a scene. */
export interface Traffic {
  readonly roads: readonly Road[];
  readonly metric: Metric;
}

/**
 * Dots per second of every lane. Strictly rising with what is measured on the lane: the curve is, and the common factor
 * that keeps all dots within the budget falls slower than the curve rises.
 */
export function lanesOf({ roads, metric }: Traffic, grain = 1, budget = DOT_BUDGET): readonly Lane[] {
  const wished: Lane[] = [];
  let atOnce = 0;
  for (const road of roads) {
    const [out, back] = metric === 'bytes' ? [road.bytes / BYTES, road.backBytes / BYTES] : [road.rate, road.backRate];
    if (out > 0) wished.push({ road, back: false, perSecond: liveliness(out) });
    if (back > 0) wished.push({ road, back: true, perSecond: liveliness(back) });
    atOnce += ((liveliness(out) + liveliness(back)) * road.path.length) / (SPEED * grain);
  }
  const factor = Math.min(1, budget / Math.max(1, atOnce));
  return wished.map((lane) => ({ ...lane, perSecond: lane.perSecond * factor }));
}

/** One lane and what is on it. */
interface Row {
  lane: Lane;
  /** Where its dots are, 0..1, and how far aside, in parts of the road's breadth. */
  readonly t: number[];
  readonly aside: number[];
  credit: number;
}

/** The dots under way. Seeded: the same frames give the same picture. */
export class Dots {
  readonly #rows = new Map<string, Row>();
  #grain = 1;
  #count = 0;
  readonly #draw = random(7);

  /** Takes new rates; dots on roads that are gone vanish, the others go on. `grain`: see `brush.ts`. */
  follow(traffic: Traffic | undefined, grain = 1): void {
    this.#grain = grain;
    const lanes = traffic ? lanesOf(traffic, grain) : [];
    const here = new Set<string>();
    for (const lane of lanes) {
      const key = `${lane.road.id}${lane.back ? '<' : '>'}`;
      here.add(key);
      const row = this.#rows.get(key);
      if (row) row.lane = lane;
      else this.#rows.set(key, { lane, t: [], aside: [], credit: this.#draw() });
    }
    for (const [key, row] of this.#rows) {
      if (here.has(key)) continue;
      this.#count -= row.t.length;
      this.#rows.delete(key);
    }
  }

  get count(): number {
    return this.#count;
  }

  /** False when nothing moves and nothing is about to. */
  get moving(): boolean {
    return this.#rows.size > 0;
  }

  /** Sets roads as full as they are in the long run, so that a new scene does not begin empty. */
  fill(): void {
    this.#count = 0;
    for (const row of this.#rows.values()) {
      row.t.length = 0;
      row.aside.length = 0;
      const n = (row.lane.perSecond * row.lane.road.path.length) / (SPEED * this.#grain);
      for (let i = 0; i < Math.floor(n + this.#draw()); i += 1) this.#set(row, this.#draw());
    }
  }

  /** Moves by `seconds` of time. A long pause counts as a tenth: dots do not jump when a tab wakes. */
  move(seconds: number): void {
    const step = Math.min(seconds, 0.1);
    for (const row of this.#rows.values()) {
      if (row.t.length > 0) this.#moveOn(row, step);
      row.credit += row.lane.perSecond * step;
      for (; row.credit >= 1; row.credit -= 0.85 + 0.3 * this.#draw())
        if (this.#count < DOT_BUDGET * 1.2) this.#set(row, 0);
    }
  }

  #moveOn({ lane, t, aside }: Row, step: number): void {
    const forward = (SPEED * this.#grain * step) / Math.max(1, lane.road.path.length);
    let kept = 0;
    for (let i = 0; i < t.length; i += 1) {
      const next = (t[i] as number) + forward;
      if (next >= 1) continue;
      t[kept] = next;
      aside[kept] = aside[i] as number;
      kept += 1;
    }
    // Most often nobody has arrived, and a list that is set to its own length is made anew all the same.
    if (kept === t.length) return;
    this.#count -= t.length - kept;
    t.length = kept;
    aside.length = kept;
  }

  #set({ t, aside, lane: { road } }: Row, at: number): void {
    const twoWay = road.rate > 0 && road.backRate > 0;
    t.push(at);
    // Two-way streets keep to the right.
    aside.push(twoWay ? 0.2 + 0.7 * this.#draw() : 1.5 * (this.#draw() - 0.5));
    this.#count += 1;
  }

  /** Calls back with every dot's place in the world, of the lanes that `pick` wants. */
  each(visit: (x: number, y: number, lane: Lane) => void, pick: (lane: Lane) => boolean = () => true): void {
    const at = { x: 0, y: 0 };
    for (const { lane, t, aside } of this.#rows.values()) {
      // Of a thousand streets most have no dot at a time.
      if (t.length === 0 || !pick(lane)) continue;
      const breadth = (lane.road.minor ? 0 : lane.road.width / 2 - 2.5) * this.#grain;
      for (let i = 0; i < t.length; i += 1) {
        const [along, off] = [t[i] as number, (aside[i] as number) * breadth];
        pointAt(lane.road.path, lane.back ? 1 - along : along, lane.back ? -off : off, at);
        visit(at.x, at.y, lane);
      }
    }
  }
}
