import type { History } from './history.ts';
import { bytesPerSecond, open, type Traffic } from './traffic.ts';

/** What went through one thing between `from` and `until` (Unix ms): rates per second, and what was open. */
export interface TrendPoint {
  readonly from: number;
  readonly until: number;
  readonly opened: number;
  readonly open: number;
  readonly bytes: number;
  readonly refused: number;
}

export const TREND_MILLISECONDS = 15 * 60_000;
/** A quarter of an hour of frames. */
const MOST_POINTS = 900;
/** A pause longer than this between two points is a time in which nothing was seen. */
const SILENCE = 3500;

/** Adds what was seen now behind what was seen before; the oldest go. The same moment twice is once. */
export function seen(before: readonly TrendPoint[], at: number, traffic: Traffic): readonly TrendPoint[] {
  const last = before.at(-1);
  if (last && at <= last.until) return before;
  const from = last && at - last.until <= SILENCE ? last.until : at - 1000;
  const point = {
    from,
    until: at,
    opened: traffic.openedPerSecond,
    open: open(traffic),
    bytes: bytesPerSecond(traffic),
    refused: traffic.refusedPerSecond,
  };
  return [...before, point].slice(-MOST_POINTS);
}

/** The memory of the hub as a trend: of several service ports, which are told at the same times, their sums. */
export function trendOf(histories: readonly History[]): readonly TrendPoint[] {
  const sums = new Map<number, TrendPoint>();
  for (const { points, stepMilliseconds } of histories) {
    const seconds = stepMilliseconds / 1000;
    for (const point of points) {
      const sum = sums.get(point.at);
      sums.set(point.at, {
        from: point.at - stepMilliseconds,
        until: point.at,
        opened: (sum?.opened ?? 0) + point.opened / seconds,
        open: (sum?.open ?? 0) + point.open,
        bytes: (sum?.bytes ?? 0) + (point.bytesToBackend + point.bytesToClient) / seconds,
        refused: (sum?.refused ?? 0) + point.refused / seconds,
      });
    }
  }
  return [...sums.values()].sort((a, b) => a.until - b.until);
}

/** What the hub remembered, then what the page has seen since. */
export function joined(remembered: readonly TrendPoint[], since: readonly TrendPoint[]): readonly TrendPoint[] {
  const until = remembered.at(-1)?.until ?? 0;
  return [...remembered, ...since.filter((point) => point.until > until)];
}
