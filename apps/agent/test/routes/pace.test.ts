import { expect, test } from 'vitest';
import { Pace } from '../../src/routes/pace.ts';

test('single news are met at once', () => {
  const pace = new Pace();
  for (let time = 0; time < 60_000; time += 2_000) expect(pace.spent(40, time)).toBe(0);
});

test('a storm takes a twentieth of the time, after a start that was saved up', () => {
  const pace = new Pace();
  let [time, taken, runs] = [0, 0, 0];
  while (time < 100_000) {
    taken += 40;
    runs += 1;
    time += 40;
    const pause = pace.spent(40, time);
    if (runs < 5) expect(pause).toBe(0);
    time += pause;
  }
  expect(taken).toBeGreaterThan(0.04 * time);
  expect(taken).toBeLessThanOrEqual(0.05 * time + 200);
});

test('nobody waits longer than two seconds', () => {
  const pace = new Pace();
  expect([pace.spent(5_000, 5_000), pace.spent(5_000, 12_000)]).toEqual([2_000, 2_000]);
  // and it is forgotten by then
  expect(pace.spent(1, 15_000)).toBe(0);
});
