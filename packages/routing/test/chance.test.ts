import { describe, expect, it } from 'vitest';
import { likelihood, SELDOM } from '../src/testing/index.ts';

/** Chances of 0 … `trials` hits, exactly. */
function binomial(trials: number, share: number): number[] {
  const chances = [(1 - share) ** trials];
  for (let hits = 1; hits <= trials; hits += 1) {
    const odds = ((trials - hits + 1) / hits) * (share / (1 - share));
    chances.push((chances[hits - 1] as number) * odds);
  }
  return chances;
}

describe('the likelihood of a count', () => {
  it.each([
    [20, 0.1],
    [60, 0.6],
    [400, 0.05],
    [400, 0.5],
  ])('is not less than what is true of %i trials with a share of %d', (trials, share) => {
    const chances = binomial(trials, share);
    for (const bound of [1e-2, 1e-4, SELDOM]) {
      const refused = chances.filter((_, hits) => likelihood(hits, trials, share) < bound);
      expect(refused.reduce((sum, chance) => sum + chance, 0)).toBeLessThan(bound);
    }
  });

  it('is one for what is expected, and falls on both sides of it', () => {
    const at = (hits: number) => likelihood(hits, 100, 0.3);
    expect(at(30)).toBe(1);
    for (let hits = 41; hits <= 100; hits += 1) expect(at(hits)).toBeLessThan(at(hits - 1));
    for (let hits = 19; hits >= 0; hits -= 1) expect(at(hits)).toBeLessThan(at(hits + 1));
  });

  it('tells a share that is a twentieth off from the right one in 10,000 trials', () => {
    expect(likelihood(3500, 10_000, 0.3)).toBeLessThan(SELDOM);
    expect(likelihood(3100, 10_000, 0.3)).toBeGreaterThan(SELDOM);
  });

  it('knows what cannot be', () => {
    expect(likelihood(1, 10, 0)).toBe(0);
    expect(likelihood(0, 10, 0)).toBe(1);
    expect(likelihood(9, 10, 1)).toBe(0);
  });
});
