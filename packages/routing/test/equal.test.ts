import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDeepEqual } from '../src/equal.ts';

/** Few names and values, so that two of them are often equal or nearly. */
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(undefined, null, 0, 1, '', 'a', false),
    fc.array(tie('any'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), tie('any'), { maxKeys: 3 }),
  ),
})).any;

/** Written so that equal values have equal texts: fields in one order, absent ones left out. */
function written(of: unknown): string {
  if (Array.isArray(of))
    return `[${[...of.entries()].flatMap(([i, one]) => (one === undefined ? [] : `${i}:${written(one)}`))}]`;
  if (typeof of !== 'object' || of === null) return `${typeof of} ${of}`;
  const fields = Object.entries(of).filter(([, one]) => one !== undefined);
  return `{${fields.map(([name, one]) => `${name}:${written(one)}`).sort()}}`;
}

test('values are equal when they have the same fields with equal values, an undefined one being none', () => {
  let equal = 0;
  fc.assert(
    fc.property(value, value, (a, b) => {
      const same = written(a) === written(b);
      if (same) equal += 1;
      expect(isDeepEqual(a, b)).toBe(same);
      expect(isDeepEqual(structuredClone(a), a)).toBe(true);
    }),
    { seed: 3, numRuns: 3000 },
  );
  expect(equal).toBeGreaterThan(50);
});
