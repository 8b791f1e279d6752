import { expect, it, vi } from 'vitest';
import { TableHealth } from '../../src/accounting/table-health.ts';

const stats = (entries: number, more: object = {}) => ({
  ...{ entries, max: 1000, insertFailed: 5, dropped: 7, earlyDropped: 9 },
  ...more,
});

it('counts what the kernel could not do since we look', () => {
  const health = new TableHealth(vi.fn());
  health.update(stats(10));
  expect(health.figures).toEqual({ entries: 10, max: 1000, insertFailed: 0, dropped: 0, earlyDropped: 0 });
  health.update(stats(20, { insertFailed: 6, dropped: 17, max: undefined }));
  expect(health.figures).toEqual({ entries: 20, max: 0, insertFailed: 1, dropped: 10, earlyDropped: 0 });
  // 32 bits were not enough: it begins again.
  health.update(stats(20, { insertFailed: 2, dropped: 18 }));
  health.update(stats(20, { insertFailed: 4, dropped: 18 }));
  expect(health.figures).toMatchObject({ insertFailed: 3, dropped: 11 });
});

it('warns once when the table is nearly full, and says when there is room again', () => {
  const news = vi.fn();
  const health = new TableHealth(news);
  for (const entries of [800, 801, 900, 790, 760, 749, 700, 810]) health.update(stats(entries));
  expect(news.mock.calls.map(([{ level, about }]) => [level, about.entries])).toEqual([
    ['warn', 801],
    ['info', 749],
    ['warn', 810],
  ]);
});
