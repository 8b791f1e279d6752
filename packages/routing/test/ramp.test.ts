import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isExpired, nextChange, type Override, parseOverride, rampValue } from '../src/index.ts';
import { override } from './city-fixture.ts';

const START = Date.parse('2026-11-22T10:00:00Z');

function parsed(spec: object): Override {
  const result = parseOverride(override('o', { startAt: new Date(START).toISOString(), ...spec }));
  if (!('override' in result)) throw new Error(JSON.stringify(result.problems));
  return result.override;
}

/** Every moment at which time alone changes something, from `from` on. */
function changes(one: Override, from: number): number[] {
  const found: number[] = [];
  for (let at = nextChange(one, from); at !== undefined; at = nextChange(one, at)) found.push(at);
  return found;
}

const ramps = fc.oneof(
  fc.record({
    weight: fc.integer({ min: 0, max: 1000 }),
    ramp: fc.record({ from: fc.integer({ min: 0, max: 1000 }), seconds: fc.integer({ min: 1, max: 86_400 }) }),
  }),
  fc.record({
    share: fc.integer({ min: 0, max: 100 }),
    ramp: fc.record({ from: fc.integer({ min: 0, max: 100 }), seconds: fc.integer({ min: 1, max: 300 }) }),
  }),
);

describe('a ramp', () => {
  it('goes in min(difference, seconds, 100) equal steps at equal times from one value to the other', () => {
    fc.assert(
      fc.property(ramps, (spec) => {
        const one = parsed(spec);
        const { from, seconds } = spec.ramp;
        const to = 'weight' in spec ? spec.weight : spec.share;
        const steps = Math.min(Math.abs(to - from), seconds, 100);
        const times = changes(one, START - 1000);
        expect(times).toHaveLength(steps);
        expect(rampValue(one, START - 1)).toBe(steps === 0 ? to : from);
        expect(rampValue(one, START + seconds * 1000)).toBe(to);
        for (const [k, at] of times.entries()) {
          expect(Math.abs(at - (START + ((k + 1) * seconds * 1000) / steps))).toBeLessThan(1);
          const [before, after] = [rampValue(one, at - 1) as number, rampValue(one, at) as number];
          expect(after).toBeCloseTo(from + ((to - from) * (k + 1)) / steps, 5);
          expect(Math.sign(after - before), 'monotone').toBe(Math.sign(to - from));
        }
      }),
      { seed: 20261123, numRuns: 300 },
    );
  });

  it('has one value between its changes, whenever somebody looks', () => {
    let looked = 0;
    fc.assert(
      fc.property(ramps, fc.double({ min: -0.5, max: 1.5, noNaN: true }), (spec, part) => {
        const one = parsed(spec);
        const at = START + part * spec.ramp.seconds * 1000;
        const next = nextChange(one, at);
        if (next === undefined) return;
        looked++;
        expect(next).toBeGreaterThan(at);
        expect(rampValue(one, (at + next) / 2)).toBe(rampValue(one, at));
        expect(rampValue(one, next)).not.toBe(rampValue(one, at));
      }),
      { seed: 20261123, numRuns: 300 },
    );
    expect(looked).toBeGreaterThan(100);
  });

  it('of 60 s stays within two hundredths of its way of the straight line', () => {
    const one = parsed({ weight: 300, ramp: { from: 0, seconds: 60 } });
    for (let second = 0; second <= 60; second++) {
      const line = (300 * second) / 60;
      expect(Math.abs((rampValue(one, START + second * 1000) as number) - line)).toBeLessThanOrEqual(300 / 50);
    }
  });

  it('that goes nowhere is at its end, and what has no ramp has its value at once', () => {
    const flat = parsed({ weight: 70, ramp: { from: 70, seconds: 60 } });
    expect([rampValue(flat, START - 1), nextChange(flat, START)]).toEqual([70, undefined]);
    const plain = parsed({ share: 12 });
    expect([rampValue(plain, START - 1), nextChange(plain, START)]).toEqual([12, undefined]);
    expect(rampValue(parsed({ drain: {} }), START)).toBeUndefined();
  });
});

describe('an expiry', () => {
  const one = parsed({ weight: 100, ramp: { from: 0, seconds: 100 }, expiresAt: '2026-11-22T10:00:10.500Z' });

  it('is the last change of all, in the middle of a ramp too', () => {
    const times = changes(one, START);
    expect(times).toHaveLength(11);
    expect(times.at(-1)).toBe(START + 10_500);
    expect([isExpired(one, START + 10_499), isExpired(one, START + 10_500)]).toEqual([false, true]);
  });
});
