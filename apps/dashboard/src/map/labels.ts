import { overlap, type Point, type Rect } from './geometry.ts';

/** A word that wants a place on the screen; coordinates in CSS pixels. */
export interface Label {
  readonly text: string;
  /** A second, smaller line. */
  readonly under?: string;
  /** Where its middle may be, the best place first. */
  readonly places: readonly Point[];
  readonly size: number;
  /** The larger ones choose first. */
  readonly priority: number;
  readonly weight: number;
  readonly tone: 'text' | 'soft' | 'drain' | 'weight' | 'refused';
  /** A small sign before the words: what is folded here has a state of its own. */
  readonly sign?: 'draining' | 'weighted' | 'closed' | 'barred';
  readonly halo: boolean;
  /** Written on a plate of its own: streets fade under it. */
  readonly plate?: boolean;
  /** Belongs to a house and may cover it. */
  readonly over?: boolean;
  readonly dim: boolean;
  /** Widest it may be at its first place; used for words inside rings. */
  readonly within?: number;
}

/** A word a little too broad for its ring is written smaller, down to this size in pixels. */
export const SMALLEST = 10;

export interface PlacedLabel extends Label, Point {
  readonly box: Rect;
}

/** Boxes by the squares of the screen they touch: a question looks at its neighbours only. */
class Taken {
  static readonly #SQUARE = 96;
  readonly #squares = new Map<number, Rect[]>();

  add(box: Rect): void {
    this.#visit(box, (key) => {
      const own = this.#squares.get(key);
      if (own) own.push(box);
      else this.#squares.set(key, [box]);
      return false;
    });
  }

  isFree(box: Rect): boolean {
    return !this.#visit(box, (key) => this.#squares.get(key)?.some((other) => overlap(box, other)) ?? false);
  }

  #visit({ x, y, width, height }: Rect, found: (key: number) => boolean): boolean {
    const at = (value: number) => Math.floor(value / Taken.#SQUARE);
    for (let i = at(x); i <= at(x + width); i += 1) {
      for (let j = at(y); j <= at(y + height); j += 1) if (found(i * 65_536 + j)) return true;
    }
    return false;
  }
}

/**
 * Greedy placement: by priority, each takes its first free place, or none. No two placed labels overlap.
 * @param taken boxes of houses, that only their own words may cover
 */
export function placeLabels(
  labels: readonly Label[],
  measure: (label: Label) => number,
  taken: readonly Rect[] = [],
): readonly PlacedLabel[] {
  const boxes = new Taken();
  const houses = new Taken();
  for (const box of taken) houses.add(box);
  const placed: PlacedLabel[] = [];
  for (const label of [...labels].sort((a, b) => b.priority - a.priority || (a.text < b.text ? -1 : 1))) {
    const full = measure(label);
    for (const [i, { x, y }] of label.places.entries()) {
      const shrink = i === 0 && label.within !== undefined ? Math.min(1, label.within / full) : 1;
      if (shrink < 1 && label.size * shrink < SMALLEST) continue;
      const width = full * shrink;
      const size = label.size * shrink;
      const height = label.under === undefined ? size * 1.25 : size * 2.35;
      const box = { x: x - width / 2 - 3, y: y - height / 2, width: width + 6, height };
      if (!boxes.isFree(box) || !(label.over || houses.isFree(box))) continue;
      boxes.add(box);
      placed.push({ ...label, size, x, y, box, halo: label.halo || i > 0 });
      break;
    }
  }
  return placed;
}
