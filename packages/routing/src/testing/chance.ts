/** How seldom what a test of chance saw must be before it fails: a run of all tests has some twenty of them. */
export const SELDOM = 1e-7;

/**
 * How likely a count at least so far from `trials * share` is at most, where each trial hits with chance `share` (0..1): Chernoff's bound,
 * 2·exp(−trials·D(count/trials ‖ share)). Unlike a number of standard deviations it holds for few trials and small shares.
 */
export function likelihood(count: number, trials: number, share: number): number {
  const seen = count / trials;
  return Math.min(1, 2 * Math.exp(-trials * (distance(seen, share) + distance(1 - seen, 1 - share))));
}

/** One term of the Kullback–Leibler divergence. */
function distance(seen: number, wished: number): number {
  return seen === 0 ? 0 : seen * Math.log(seen / wished);
}
