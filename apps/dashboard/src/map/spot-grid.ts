import { lengthOf, type Point } from './geometry.ts';

export interface Spot extends Point {
  readonly radius: number;
}

/** Circles by the squares of ground their middles lie in: neighbours are found without a look at the whole city. */
export class SpotGrid {
  static readonly #SIDE = 400;
  readonly #squares = new Map<number, Spot[]>();
  #largest = 0;

  constructor(spots: Iterable<Spot> = []) {
    for (const spot of spots) this.add(spot);
  }

  add(spot: Spot): void {
    const key = keyOf(square(spot.x), square(spot.y));
    const own = this.#squares.get(key);
    if (own) own.push(spot);
    else this.#squares.set(key, [spot]);
    this.#largest = Math.max(this.#largest, spot.radius);
  }

  /** Does no circle come nearer to this one than `gap`? */
  isClear({ x, y, radius }: Spot, gap: number): boolean {
    const far = radius + this.#largest + gap;
    for (let i = square(x - far); i <= square(x + far); i += 1) {
      for (let j = square(y - far); j <= square(y + far); j += 1) {
        for (const other of this.#squares.get(keyOf(i, j)) ?? []) {
          if (lengthOf(x - other.x, y - other.y) < radius + other.radius + gap) return false;
        }
      }
    }
    return true;
  }

  static sideOf = (value: number): number => Math.floor(value / SpotGrid.#SIDE);
}

const square = (value: number): number => SpotGrid.sideOf(value);
const keyOf = (i: number, j: number): number => i * 1_048_576 + j;
