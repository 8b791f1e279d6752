import { describe, expect, it } from 'vitest';
import { freshnessOf } from '../../src/city/freshness.ts';

const heard = { link: 'live', arrived: true, heardAt: 1000 } as const;

describe('freshnessOf', () => {
  it('calls nothing live that has not been heard lately', () => {
    expect(freshnessOf(heard, 13_000)).toBe('live');
    expect(freshnessOf(heard, 13_001)).toBe('stale');
  });

  it('is connecting until the city is whole, and says what the link says', () => {
    expect(freshnessOf({ ...heard, arrived: false }, 99_000)).toBe('connecting');
    expect(freshnessOf({ ...heard, link: 'reconnecting' }, 1001)).toBe('reconnecting');
    expect(freshnessOf({ ...heard, link: 'foreign' }, 99_000)).toBe('foreign');
  });
});
