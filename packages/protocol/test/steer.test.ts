import { describe, expect, it } from 'vitest';
import { REFUSALS, recordKinds, steerRequest } from '../src/index.ts';

describe('what a hand may ask for', () => {
  it.each([
    [{ action: 'drain', backend: 'b' }],
    [{ action: 'undrain', backend: 'b' }],
    [{ action: 'weight', backend: 'b', weight: 0 }],
    [{ action: 'weight', backend: 'b', weight: 1000, reason: 'INC-123', allowEmpty: true }],
  ])('%j', (request) => {
    expect(steerRequest.parse(request)).toEqual(request);
  });

  it.each([
    [{ action: 'weight', backend: 'b', weight: 1001 }],
    [{ action: 'weight', backend: 'b', weight: 1.5 }],
    [{ action: 'weight', backend: 'b' }],
    [{ action: 'drain', backend: 'b'.repeat(1001) }],
    [{ action: 'drain', backend: 'b', extra: true }],
    [{ action: 'delete', backend: 'b' }],
    [{}],
  ])('not %j', (request) => {
    expect(steerRequest.safeParse(request).success).toBe(false);
  });
});

describe('closed lists', () => {
  it('name each refusal once', () => {
    expect(new Set(REFUSALS).size).toBe(REFUSALS.length);
  });

  it('have a schema for every kind of record, which refuses what is empty', () => {
    for (const [kind, schema] of Object.entries(recordKinds)) expect(schema.safeParse({}).success, kind).toBe(false);
  });
});
