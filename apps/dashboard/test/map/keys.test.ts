import { describe, expect, it } from 'vitest';
import { KEYS } from '../../src/ui/keys.ts';

describe('KEYS', () => {
  const all = KEYS.flatMap(({ keys }) => keys);
  const taken = all.filter(({ run }) => run).flatMap(({ keys }) => keys);

  it('gives no key two meanings', () => {
    expect(new Set(taken).size).toBe(taken.length);
  });

  it('says in words what each does, and no two the same', () => {
    expect(new Set(all.map(({ words }) => words)).size).toBe(all.length);
    expect(all.every(({ words, keys }) => words.length > 3 && keys.length > 0)).toBe(true);
  });

  it('takes no key from the browser: only ⌘K or Ctrl K has a modifier', () => {
    expect(taken.filter((key) => key.includes('+') && key !== '+')).toEqual(['mod+k']);
  });
});
