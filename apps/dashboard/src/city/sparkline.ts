/** A stretch of time with one value. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly value: number;
}

export interface SparkBox {
  /** Unix ms at the left and right edge. */
  readonly from: number;
  readonly until: number;
  readonly width: number;
  readonly height: number;
}

/** A pause of this part of the range is drawn as a gap; shorter ones are lost in a pixel. */
const GAP = 0.02;
/** Room for the line's own width above and below, pixels. */
const MARGIN = 1;

/** The largest value, from which the scale is made; 0 without points. */
export const peakOf = (stretches: readonly Stretch[]): number =>
  stretches.reduce((most, { value }) => Math.max(most, value), 0);

/** Means over at most `most` equal parts of the box; a part in which nothing was seen has none. */
export function thinned(stretches: readonly Stretch[], { from, until }: SparkBox, most: number): readonly Stretch[] {
  const width = (until - from) / most;
  const parts = new Map<number, { time: number; sum: number; from: number; until: number }>();
  for (const one of stretches) {
    if (one.until <= from || one.from >= until) continue;
    const key = Math.min(most - 1, Math.max(0, Math.floor(((one.from + one.until) / 2 - from) / width)));
    const time = one.until - one.from;
    const part = parts.get(key);
    if (!part) parts.set(key, { time, sum: one.value * time, from: one.from, until: one.until });
    else {
      part.time += time;
      part.sum += one.value * time;
      part.until = one.until;
    }
  }
  return [...parts.values()].map((part) => ({ from: part.from, until: part.until, value: part.sum / part.time }));
}

/** The line of a sparkline as an SVG path, from zero at the bottom to the peak at the top. Nothing is drawn where nothing was seen. */
export function sparkPath(stretches: readonly Stretch[], box: SparkBox): string {
  const { from, until, width, height } = box;
  const peak = peakOf(stretches);
  const x = (at: number) => (Math.min(1, Math.max(0, (at - from) / (until - from))) * width).toFixed(1);
  const y = (value: number) => (height - MARGIN - (peak === 0 ? 0 : value / peak) * (height - 2 * MARGIN)).toFixed(1);
  let path = '';
  let last: Stretch | undefined;
  for (const one of stretches) {
    const gap = !last || one.from - last.until > (until - from) * GAP;
    path += `${gap ? `M${x(one.from)} ${y(one.value)}` : ''}L${x(one.until)} ${y(one.value)}`;
    last = one;
  }
  return path;
}
