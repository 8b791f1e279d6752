import { plural } from './format.ts';

/** Shares of new connections: what was wished, what was seen, and how sure one can be. */

/** Standard deviations on either side that hold 95 % and 99.9 % of a normal distribution. */
const Z_95 = 1.959964;
const Z_999 = 3.290527;

/**
 * Wilson's score interval, at 95 % unless told otherwise, for `hits` of `trials` (E. B. Wilson, 1927). Unlike the normal approximation it
 * stays within 0..1 and says something true for few trials. Without trials nothing is known: 0..1.
 */
export function wilson(hits: number, trials: number, z = Z_95): { readonly low: number; readonly high: number } {
  if (trials <= 0) return { low: 0, high: 1 };
  const p = Math.min(1, hits / trials);
  const spread = z * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials));
  const middle = p + (z * z) / (2 * trials);
  const scale = 1 + (z * z) / trials;
  // none of them and all of them are exact ends, which rounding would miss
  return {
    low: hits <= 0 ? 0 : Math.max(0, (middle - spread) / scale),
    high: hits >= trials ? 1 : Math.min(1, (middle + spread) / scale),
  };
}

/**
 * The score interval at 95 % of what was counted once, when things happen by chance at an even rate (Poisson): of nothing
 * counted 0 to 3.8, of 100 82 to 122.
 */
export function poisson(counted: number): { readonly low: number; readonly high: number } {
  const middle = counted + Z_95 ** 2 / 2;
  const spread = Z_95 * Math.sqrt(counted + Z_95 ** 2 / 4);
  return { low: Math.max(0, middle - spread), high: middle + spread };
}

/** With fewer new connections than this nothing is said about a share: the interval would be wider than the news. */
export const FEW = 20;

/** What the observed share of new connections says about the wished one. */
export type Verdict =
  | { readonly is: 'few'; readonly trials: number }
  /**
   * `low` and `high` are the interval at 95 %. That it gets `less` or `more` than wished is said only beyond 99.9 %: of
   * twenty backends that get what they should, one is always outside 95 %.
   */
  | { readonly is: 'wished' | 'less' | 'more'; readonly share: number; readonly low: number; readonly high: number };

/** What was counted of one backend since its present share holds everywhere, in a window of a minute at most. */
export interface Counted {
  readonly opened: number;
  readonly openedOfPort: number;
  readonly windowSeconds: number;
  /** The window is shorter because the wished shares changed. */
  readonly sinceChange?: boolean;
}

/** `no new connections in 60 s`, `3 new connections in 8 s since the change`. */
export function countedWords({ openedOfPort, windowSeconds, sinceChange }: Counted): string {
  if (sinceChange && windowSeconds === 0) return 'the share has just changed and is being measured';
  const connections = openedOfPort === 0 ? 'no new connections' : plural(openedOfPort, 'new connection');
  return `${connections} in ${windowSeconds} s${sinceChange ? ' since the change' : ''}`;
}

/** @param hits new connections of one backend, of `trials` of its whole service port */
export function judge(hits: number, trials: number, wished: number): Verdict {
  if (trials < FEW) return { is: 'few', trials };
  const { low, high } = wilson(hits, trials);
  const sure = wilson(hits, trials, Z_999);
  const is = wished > sure.high ? 'less' : wished < sure.low ? 'more' : 'wished';
  return { is, share: Math.min(1, hits / trials), low, high };
}

/** Whether `more` is more than `less`, and not by chance: of both together it is beyond half in all but one of a thousand. */
export const clearlyMore = (more: number, less: number): boolean => wilson(more, more + less, Z_999).low > 0.5;

/** One backend as the routing sees it. */
export interface Weighed {
  readonly id: string;
  readonly weight: number;
  readonly usable: boolean;
}

/**
 * The share of new connections `id` would get with `weight`, among the backends of its service port.
 * All weights zero means nobody is left; the hub refuses that unless it is allowed.
 */
export function shareWith(backends: readonly Weighed[], id: string, weight: number): number {
  let sum = 0;
  let own = 0;
  for (const backend of backends) {
    if (!backend.usable) continue;
    const counts = backend.id === id ? weight : backend.weight;
    sum += counts;
    if (backend.id === id) own = counts;
  }
  return sum === 0 ? 0 : own / sum;
}
