import { cityEdges, PROTOCOL_VERSION, recordKinds } from '@kubecity/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseFrame } from '../../src/city/parse.ts';
import { shapeOf } from '../../src/city/shape.ts';
import { EdgeTeller } from './edge-teller.ts';
import { toyCity } from './toy-city.ts';

const NOW = 1_700_000_000_000;
const toy = toyCity(3);
const sets = toy.snapshot(NOW).filter((op) => op[0] === 'set');
const told = new EdgeTeller().reset(toy.edges(NOW).slice(0, 6));

/** Something else in one place of a value, at any depth. */
const wrong = fc.constantFrom<unknown>(undefined, null, '', 'x', 0, -1, 1.5, Number.NaN, true, [], [1], {}, { a: 1 });
function withWrong(value: unknown, path: readonly number[], other: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== 'object' || value === null) return other;
  const keys = Object.keys(value);
  if (keys.length === 0) return other;
  const key = keys[step % keys.length] as string;
  const inner = withWrong((value as Record<string, unknown>)[key], rest, other);
  return Array.isArray(value) ? value.with(Number(key), inner) : { ...value, [key]: inner };
}
const path = fc.array(fc.nat(40), { maxLength: 6 });

describe('shapeOf', () => {
  it('says of every record and edge what zod says, right or wrong in any place', () => {
    const samples = [
      ...sets.map(([, kind, , record]) => ({ schema: recordKinds[kind] as z.ZodType, value: record as unknown })),
      { schema: cityEdges as z.ZodType, value: told as unknown },
    ];
    let [right, faulty] = [0, 0];
    fc.assert(
      fc.property(fc.constantFrom(...samples), path, wrong, ({ schema, value }, at, other) => {
        const changed = at.length === 0 ? value : withWrong(value, at, other);
        const expected = schema.safeParse(changed).success;
        if (expected) right += 1;
        else faulty += 1;
        expect(shapeOf(schema)(changed)).toBe(expected);
      }),
      { seed: 3, numRuns: 3000 },
    );
    expect(Math.min(right, faulty)).toBeGreaterThan(300);
  });

  it('keeps every bound that the protocol has', () => {
    const bounded = z.object({
      ...{ whole: z.number().int().nonnegative(), part: z.number().positive().max(1), text: z.string().min(1).max(3) },
      ...{ list: z.array(z.number()).length(2), either: z.union([z.literal('all'), z.tuple([z.boolean()])]) },
      byName: z.record(z.string(), z.enum(['a', 'b'])).optional(),
    });
    const right = { whole: 0, part: 1, text: 'abc', list: [1, 2], either: [true], byName: { x: 'a' } };
    const faults = [
      ...[
        { whole: -1 },
        { whole: 0.5 },
        { whole: 2 ** 60 },
        { part: 0 },
        { part: 1.1 },
        { text: '' },
        { text: 'abcd' },
      ],
      ...[{ list: [1] }, { list: [1, Number.POSITIVE_INFINITY] }, { either: 'any' }, { byName: { x: 'c' } }],
    ];
    for (const fault of [{}, { either: 'all' }, { byName: undefined }, ...faults]) {
      const value = { ...right, ...fault };
      expect(shapeOf(bounded)(value), JSON.stringify(fault)).toBe(bounded.safeParse(value).success);
    }
    expect(faults.filter((fault) => shapeOf(bounded)({ ...right, ...fault }))).toEqual([]);
  });

  it('refuses to guess what it does not know', () => {
    expect(() => shapeOf(z.date())).toThrow(RangeError);
    expect(() => shapeOf(z.string().regex(/x/))).toThrow(RangeError);
  });
});

describe('parseFrame', () => {
  it('takes a right frame as it is, and operations only of the right length', () => {
    const frame = { protocol: PROTOCOL_VERSION, epoch: 'e', seq: 0, at: NOW, ops: toy.snapshot(NOW), edges: told };
    expect(parseFrame(frame)).toEqual({ outcome: 'frame', frame });
    expect(parseFrame(frame)).toHaveProperty('frame.ops', frame.ops);
    for (const op of [['reset', 1], ['set', 'namespace', 'a'], ['delete', 'pod'], ['delete', 'ship', 'a'], 'reset']) {
      expect(parseFrame({ ...frame, ops: [op] }).outcome, JSON.stringify(op)).toBe('fault');
    }
  });
});
