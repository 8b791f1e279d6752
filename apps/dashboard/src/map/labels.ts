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
  readonly tone: 'text' | 'soft' | 'drain' | 'weight';
  readonly halo: boolean;
  readonly dim: boolean;
  /** Widest it may be at its first place; used for words inside rings. */
  readonly within?: number;
}

/** A word a little too broad for its ring is written smaller, down to this size in pixels. */
const SMALLEST = 10;

export interface PlacedLabel extends Label, Point {}

/** Greedy placement: by priority, each takes its first free place, or none. No two placed labels overlap. */
export function placeLabels(
  labels: readonly Label[],
  measure: (label: Label) => number,
  taken: readonly Rect[] = [],
): readonly PlacedLabel[] {
  const boxes: Rect[] = [...taken];
  const placed: PlacedLabel[] = [];
  for (const label of [...labels].sort((a, b) => b.priority - a.priority || a.text.localeCompare(b.text))) {
    const full = measure(label);
    for (const [i, { x, y }] of label.places.entries()) {
      const shrink = i === 0 && label.within !== undefined ? Math.min(1, label.within / full) : 1;
      if (shrink < 1 && label.size * shrink < SMALLEST) continue;
      const width = full * shrink;
      const size = label.size * shrink;
      const height = label.under === undefined ? size * 1.25 : size * 2.35;
      const box = { x: x - width / 2 - 3, y: y - height / 2, width: width + 6, height };
      if (boxes.some((other) => overlap(box, other))) continue;
      boxes.push(box);
      placed.push({ ...label, size, x, y, halo: label.halo || i > 0 });
      break;
    }
  }
  return placed;
}
