import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CsvValue, csvOf } from '../../src/city/csv.ts';
import { inOrderOf, sorted } from '../../src/city/sorting.ts';

/** RFC 4180, read strictly and by other means than it is written: letter by letter. */
function parse(text: string): string[][] {
  const lines: string[][] = [];
  let [line, cell, quoted] = [[] as string[], '', false];
  for (let i = 0; i < text.length; i += 1) {
    const letter = text[i] as string;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === ',') [line, cell] = [[...line, cell], ''];
    else if (letter === '\r' && text[i + 1] === '\n') {
      lines.push([...line, cell]);
      [line, cell] = [[], ''];
      i += 1;
    } else cell += letter;
  }
  expect([line, cell, quoted]).toEqual([[], '', false]);
  return lines;
}

const text = fc.string({
  unit: fc.constantFrom('a', '"', ',', '\r', '\n', '=', '+', '-', '@', '\t', ' ', 'é'),
  maxLength: 8,
});
const cell: fc.Arbitrary<CsvValue> = fc.oneof(text, fc.double({ noNaN: true }), fc.integer(), fc.constant(undefined));
const RUNS = { seed: 21, numRuns: 1000 };

describe('CSV', () => {
  it('is read again as it was written, and holds no formula', () => {
    const table = fc
      .integer({ min: 1, max: 5 })
      .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 6 }));
    fc.assert(
      fc.property(table, (rows) => {
        const heads = (rows[0] ?? ['x']).map((_, i) => `head ${i}`);
        const [first, ...read] = parse(csvOf(heads, rows));
        expect(first).toEqual(heads);
        expect(read).toHaveLength(rows.length);
        for (const [i, row] of rows.entries()) {
          for (const [j, value] of row.entries()) {
            const shown = read[i]?.[j] as string;
            if (value === undefined) expect(shown).toBe('');
            else if (typeof value === 'string') {
              expect(shown).not.toMatch(/^[=+\-@\t\r]/);
              expect(shown.replace(/^'(?=[=+\-@\t\r])/, '')).toBe(value);
            } else if (Number.isFinite(value) && Math.abs(value) < 1e9) expect(Number(shown)).toBeCloseTo(value, 5);
          }
        }
      }),
      RUNS,
    );
  });

  it('keeps unknown apart from zero, and numbers apart from texts', () => {
    expect(csvOf(['a', 'b', 'c', 'd'], [[undefined, 0, -1.5, '-1.5']])).toBe("a,b,c,d\r\n,0,-1.5,'-1.5\r\n");
    expect(csvOf(['a'], [['=HYPERLINK("x")']])).toBe('a\r\n"\'=HYPERLINK(""x"")"\r\n');
  });
});

describe('sorting', () => {
  const values = fc.array(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(undefined)), { maxLength: 30 });

  it('orders by value, unknown last both ways, equals as they were, and loses nothing', () => {
    fc.assert(
      fc.property(values, fc.boolean(), (list, down) => {
        const rows = list.map((value, place) => ({ value, place }));
        const result = sorted(rows, ({ value }) => value, down);
        expect(result.map(({ place }) => place).toSorted((a, b) => a - b)).toEqual(rows.map(({ place }) => place));
        for (const [i, row] of result.slice(1).entries()) {
          const before = result[i] as (typeof rows)[number];
          if (row.value === undefined) continue;
          expect(before.value).toBeDefined();
          const rise = row.value - (before.value as number);
          expect(down ? rise <= 0 : rise >= 0).toBe(true);
          if (rise === 0) expect(row.place).toBeGreaterThan(before.place);
        }
      }),
      RUNS,
    );
  });

  it('reads digits as numbers and does not regard case', () => {
    const names = ['node-10', 'Node-2', 'node-1', '10.244.10.1', '10.244.9.1'];
    expect(sorted(names, (name) => name, false)).toEqual(['10.244.9.1', '10.244.10.1', 'node-1', 'Node-2', 'node-10']);
  });

  it('reads each row once, however many there are', () => {
    let reads = 0;
    const rows = Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 20_011);
    const result = sorted(
      rows,
      (row) => {
        reads += 1;
        return row;
      },
      true,
    );
    expect(reads).toBe(20_000);
    expect(result[0]).toBe(Math.max(...rows));
  });
});

it('rows are put in an order they had, what is new last and what is gone nowhere', () => {
  const rows = ['new', 'c', 'a', 'newer', 'b'];
  expect(inOrderOf(rows, ['a', 'gone', 'b', 'c'], (row) => row)).toEqual(['a', 'b', 'c', 'new', 'newer']);
});
