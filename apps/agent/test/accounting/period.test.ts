import { describe, expect, it } from 'vitest';
import { DumpCost, periodFor } from '../../src/accounting/period.ts';

describe('periodFor', () => {
  const pace = { everyMs: 1000, cpuPercent: 2 };
  it.each([
    ['the least while dumps cost little', 10, 20_000, 1000],
    ['stretched so that the budget holds', 400, 100_000, 20_000],
    ['twice the budget for a small table', 60, 6_000, 1500],
    ['and not for one that is larger', 40, 6_001, 2000],
    ['at most what lets a dump see the last of each connection', 4000, 1_000_000, 100_000],
  ])('is %s', (_title, cpuMs, entries, wanted) => {
    expect(periodFor(cpuMs, entries, pace)).toBe(wanted);
  });

  it('follows the settings', () => {
    expect(periodFor(400, 100_000, { everyMs: 1000, cpuPercent: 10 })).toBe(4000);
    expect(periodFor(400, 100_000, { everyMs: 30_000, cpuPercent: 10 })).toBe(30_000);
  });
});

it('takes the lesser of the last two dumps for the cost, and nothing of the time between them', () => {
  let cpu = 500;
  const cost = new DumpCost(() => cpu);
  const dump = (milliseconds: number, before = 0) => {
    cpu += before;
    cost.begin();
    cpu += milliseconds;
    cost.end();
    return cost.milliseconds;
  };
  expect([dump(70), dump(20), dump(90, 1000), dump(80, 5000), dump(10)]).toEqual([0, 20, 20, 80, 10]);
});
