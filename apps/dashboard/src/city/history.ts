import type { CityRecord, HistoryPoint } from '@kubecity/protocol';

/** What the hub told of a range, at one step. */
export interface History {
  readonly stepMilliseconds: number;
  readonly points: readonly HistoryPoint[];
}

/** A point of the time line: means over `[at, until)`, Unix ms. What the map shows when it is rewound there is of `until`. */
export interface LinePoint {
  readonly at: number;
  readonly until: number;
  readonly openedPerSecond: number;
  readonly refusedPerSecond: number;
  readonly bytesPerSecond: number;
}

export const RANGES = [
  { label: '15 min', milliseconds: 15 * 60_000 },
  { label: '1 h', milliseconds: 3_600_000 },
  { label: '6 h', milliseconds: 6 * 3_600_000 },
  { label: '7 days', milliseconds: 7 * 86_400_000 },
] as const;
export type Range = (typeof RANGES)[number];

/** The hub's live points are this far apart. */
const TICK = 5000;

/** What the hub remembers, then what the stream has told since; without memory the stream alone. */
export function linePoints(
  history: History | undefined,
  ticks: Iterable<CityRecord<'tick'>>,
  from: number,
): readonly LinePoint[] {
  const step = history?.stepMilliseconds ?? TICK;
  const kept = (history?.points ?? []).map((point) => pointOf(point, step));
  const told = kept.at(-1)?.until ?? 0;
  const since = [...ticks]
    .filter(({ at }) => at > told)
    .sort((a, b) => a.at - b.at)
    .map(({ at, openedPerSecond, refusedPerSecond, bytesPerSecond }) => {
      return { at: at - TICK, until: at, openedPerSecond, refusedPerSecond, bytesPerSecond };
    });
  return [...kept, ...since].filter((point) => point.until > from);
}

/** The hub names a point by its end. */
function pointOf(point: HistoryPoint, step: number): LinePoint {
  const seconds = step / 1000;
  return {
    at: point.at - step,
    until: point.at,
    openedPerSecond: point.opened / seconds,
    refusedPerSecond: point.refused / seconds,
    bytesPerSecond: (point.bytesToBackend + point.bytesToClient) / seconds,
  };
}

const BINS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600].map((seconds) => seconds * 1000);

/** Means over equal stretches, at most `most` of them; a stretch in which nothing was heard has no point. */
export function binned(points: readonly LinePoint[], range: number, most: number): readonly LinePoint[] {
  const width = BINS.find((one) => range / one <= most) ?? (BINS.at(-1) as number);
  const bins = new Map<number, LinePoint[]>();
  for (const point of points) {
    const at = Math.floor(point.at / width) * width;
    const bin = bins.get(at);
    if (bin) bin.push(point);
    else bins.set(at, [point]);
  }
  return [...bins.values()].map(meanOf);
}

function meanOf(points: readonly LinePoint[]): LinePoint {
  const [first, last] = [points[0] as LinePoint, points.at(-1) as LinePoint];
  if (first === last) return first;
  const weight = points.reduce((sum, { at, until }) => sum + until - at, 0);
  const mean = (value: (point: LinePoint) => number) =>
    points.reduce((sum, point) => sum + value(point) * (point.until - point.at), 0) / weight;
  return {
    at: first.at,
    until: last.until,
    openedPerSecond: mean((point) => point.openedPerSecond),
    refusedPerSecond: mean((point) => point.refusedPerSecond),
    bytesPerSecond: mean((point) => point.bytesPerSecond),
  };
}

/** Runs of points without a silence between them: nothing is drawn where nothing was heard. */
export function runsOf(points: readonly LinePoint[]): readonly (readonly LinePoint[])[] {
  const runs: LinePoint[][] = [];
  let last: LinePoint | undefined;
  for (const point of points) {
    // Twice the step and a little: steps of one and of five seconds meet where history ends and the stream goes on.
    const silence = last && point.at - last.until > Math.max(last.until - last.at, TICK) * 1.2;
    if (!last || silence) runs.push([point]);
    else runs.at(-1)?.push(point);
    last = point;
  }
  return runs;
}

/** Stretches of `[from, to)` of which nothing is known, longer than a point may take to arrive. */
export function silencesOf(
  points: readonly LinePoint[],
  from: number,
  to: number,
): readonly { readonly from: number; readonly until: number }[] {
  const runs = runsOf(points);
  const ends = [from, ...runs.map((run) => run.at(-1)?.until ?? from)];
  const begins = [...runs.map((run) => run[0]?.at ?? to), to];
  const step = points.reduce((most, { at, until }) => Math.max(most, until - at), 2 * TICK);
  return ends.flatMap((end, i) => {
    const until = begins[i] as number;
    return until - end > step * 1.2 ? [{ from: end, until }] : [];
  });
}

/** The point at a time, or the nearest one. */
export function pointAt(points: readonly LinePoint[], at: number): LinePoint | undefined {
  let best: LinePoint | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const point of points) {
    const off = Math.max(point.at - at, at - point.until, 0);
    if (off < least) [best, least] = [point, off];
  }
  return best;
}

/** The point `steps` further (negative: back) than the one shown; from live, back begins at the newest. `undefined`: live. */
export function pointFrom(
  points: readonly LinePoint[],
  shown: number | undefined,
  steps: number,
): LinePoint | undefined {
  const here = shown === undefined ? points.length : points.indexOf(pointAt(points, shown) as LinePoint);
  return points[Math.max(0, here + steps)];
}
