/** Shares of new connections: what was wished, what was seen, and how sure one can be. */

/**
 * Wilson's score interval at 95 % for `hits` of `trials` (E. B. Wilson, 1927). Unlike the normal approximation it
 * stays within 0..1 and says something true for few trials. Without trials nothing is known: 0..1.
 */
export function wilson(hits: number, trials: number): { readonly low: number; readonly high: number } {
  if (trials <= 0) return { low: 0, high: 1 };
  const z = 1.959964;
  const p = Math.min(1, hits / trials);
  const spread = z * Math.sqrt((p * (1 - p)) / trials + (z * z) / (4 * trials * trials));
  const middle = p + (z * z) / (2 * trials);
  const scale = 1 + (z * z) / trials;
  return { low: Math.max(0, (middle - spread) / scale), high: Math.min(1, (middle + spread) / scale) };
}

/** With fewer new connections than this nothing is said about a share: the interval would be wider than the news. */
export const FEW = 20;

/** What the observed share of new connections says about the wished one. */
export type Verdict =
  | { readonly is: 'few'; readonly trials: number }
  /** The wished share lies within the interval, above it (it gets less than wished) or below it. */
  | { readonly is: 'wished' | 'less' | 'more'; readonly share: number; readonly low: number; readonly high: number };

/** @param hits new connections of one backend, of `trials` of its whole service port */
export function judge(hits: number, trials: number, wished: number): Verdict {
  if (trials < FEW) return { is: 'few', trials };
  const { low, high } = wilson(hits, trials);
  const is = wished > high ? 'less' : wished < low ? 'more' : 'wished';
  return { is, share: Math.min(1, hits / trials), low, high };
}

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
