import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NamedSlots } from '../../server/traffic/named-slots.ts';
import { RateWindows } from '../../server/traffic/rate-windows.ts';

const telling = fc.record({ slot: fc.nat(2), amount: fc.nat(1_000_000), after: fc.nat(4000), span: fc.nat(20_000) });

test('what is told flows through the windows once, all of it, whatever the spans and pauses', () => {
  fc.assert(
    fc.property(fc.array(telling, { minLength: 1, maxLength: 80 }), (tellings) => {
      const windows = new RateWindows(1, 10);
      windows.grow(3);
      let now = 1_700_000_000_000;
      windows.advance(now);
      let second = windows.second;
      const told = [0, 0, 0];
      const flowed = [0, 0, 0];
      const watch = () => {
        for (; second < windows.second; second++) {
          // each second is read once, when it is the last whole one
          if (second + 1 === windows.second)
            for (const slot of [0, 1, 2]) flowed[slot] = (flowed[slot] ?? 0) + windows.sum(slot, 0, 1);
        }
      };
      const sleep = (milliseconds: number) => {
        for (const end = now + milliseconds; now < end; ) {
          now = Math.min(end, now + 500);
          windows.advance(now);
          watch();
        }
      };
      for (const { slot, amount, after, span } of tellings) {
        sleep(after);
        windows.add(slot, Float64Array.of(amount), now, span);
        told[slot] = (told[slot] ?? 0) + amount;
      }
      sleep(22_000);
      expect(flowed.map((sum) => Math.round(sum * 1000) / 1000)).toEqual(told);
    }),
    { seed: 20261123 },
  );
});

test('a window is the sum of its seconds; a slot that is cleared has none', () => {
  const windows = new RateWindows(2, 10);
  windows.grow(2);
  for (let second = 100; second < 112; second++) {
    windows.advance(second * 1000);
    windows.add(1, Float64Array.of(second, 1), second * 1000, 1000);
  }
  windows.advance(112_000);
  expect([windows.sum(1, 0, 1), windows.sum(1, 0, 3), windows.sum(1, 1, 10)]).toEqual([111, 330, 10]);
  expect(windows.sum(0, 1, 10)).toBe(0);
  windows.clear(1);
  expect(windows.sum(1, 1, 10)).toBe(0);
  windows.advance(1e9);
  expect([windows.second, windows.sum(1, 1, 10)]).toEqual([1e6, 0]);
});

test('a name keeps its slot while somebody holds it, and some time after', () => {
  const slots = new NamedSlots(1000);
  expect(slots.hold('a')).toEqual({ slot: 0, isNew: true });
  expect(slots.hold('a')).toEqual({ slot: 0, isNew: false });
  expect(slots.hold('b')).toEqual({ slot: 1, isNew: true });
  slots.release(0, 0);
  expect(slots.sweep(5000)).toEqual([]);
  slots.release(0, 5000);
  expect(slots.sweep(5999)).toEqual([]);
  expect(slots.hold('a')).toEqual({ slot: 0, isNew: false });
  slots.release(0, 6000);
  expect(slots.sweep(7000)).toEqual([0]);
  expect(() => slots.release(0, 7000)).toThrow(/slot 0/);
  expect(slots.hold('c')).toEqual({ slot: 0, isNew: true });
  expect([slots.find('a'), slots.find('c'), slots.size, slots.length]).toEqual([undefined, 0, 2, 2]);
});
