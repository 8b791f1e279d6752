import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CutPace } from '../../src/draining/cut-pace.ts';

/** Ends all it may, whenever it may, for so long: when, and how many. */
function run(perSecond: number, milliseconds: number): { at: number; count: number }[] {
  const pace = new CutPace(perSecond);
  const ended: { at: number; count: number }[] = [];
  for (let now = 0; now < milliseconds; now += Math.max(1, pace.wait(now))) {
    const count = pace.allowed(now);
    pace.spend(count, now);
    ended.push({ at: now, count });
  }
  return ended;
}

const within = (ended: readonly { at: number; count: number }[], from: number) =>
  ended.filter(({ at }) => at >= from && at < from + 1000).reduce((sum, { count }) => sum + count, 0);

test.each([1, 2, 7, 10, 19, 50, 99, 1000, 10_000])('%i per second is reached, and never more, evenly', (perSecond) => {
  const ended = run(perSecond, 5000);
  for (const { at } of ended) expect(within(ended, at)).toBeLessThanOrEqual(perSecond);
  for (const start of [0, 1000, 2000, 3000, 4000]) expect(within(ended, start)).toBe(perSecond);
  for (const { count } of ended) expect(count).toBeLessThanOrEqual(Math.ceil(perSecond / 10));
});

test('whoever comes late or asks for less does not get more later', () => {
  const asked = fc.array(fc.record({ pause: fc.nat(400), most: fc.nat(40) }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), asked, (perSecond, steps) => {
      const pace = new CutPace(perSecond);
      const ended: { at: number; count: number }[] = [];
      let now = 0;
      for (const { pause, most } of steps) {
        now += pause;
        const count = Math.min(most, pace.allowed(now));
        pace.spend(count, now);
        ended.push({ at: now, count });
      }
      for (const { at } of ended) expect(within(ended, at)).toBeLessThanOrEqual(perSecond);
    }),
    { seed: 6 },
  );
});
