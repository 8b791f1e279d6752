import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentHello, type EdgeFrame, edgeFrame, edgeRow, rulesReport } from '../src/index.ts';

const frame: EdgeFrame = {
  seq: 0,
  reset: true,
  at: 1_700_000_000_000,
  define: [
    [
      1,
      {
        client: { kind: 'outside', address: '192.0.2.1' },
        servicePort: 'shop/cart:http/TCP',
        backend: '10.244.1.1:8080',
      },
    ],
  ],
  rows: [[1, 3, 0, 0, 12, 800, 10, 4000, 1, 1, 0]],
  forget: [],
  table: { entries: 4, max: 262_144, withoutCounters: 0, lostDumps: 0, dumpMilliseconds: 0.4 },
};

describe('what an agent says', () => {
  it('passes as it is', () => {
    expect(edgeFrame.parse(structuredClone(frame))).toEqual(frame);
  });

  it.each([
    ['a count below zero', { ...frame, rows: [[1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0]] }],
    ['a row that is too short', { ...frame, rows: [[1, 2, 3]] }],
    ['a client of no known kind', { ...frame, define: [[1, { ...frame.define[0]?.[1], client: { kind: 'ghost' } }]] }],
    ['a table that is missing', { ...frame, table: undefined }],
    ['a number that is none', { ...frame, at: Number.NaN }],
  ])('is refused with %s', (_title, bad) => {
    expect(edgeFrame.safeParse(bad).success).toBe(false);
  });

  it('never throws on foreign input, and takes nothing for a frame, row, report or hello that is not one', () => {
    fc.assert(
      fc.property(fc.anything(), (foreign) => {
        for (const schema of [edgeFrame, edgeRow, rulesReport, agentHello])
          expect(schema.safeParse(foreign).success).toBe(false);
      }),
      { seed: 20261122 },
    );
  });

  it('is bounded: names, tokens and lists have a most', () => {
    const hello = { protocol: 1, token: 't', node: 'node-a', epoch: 'e', version: '0.1.0' };
    expect(agentHello.safeParse(hello).success).toBe(true);
    expect(agentHello.safeParse({ ...hello, node: 'n'.repeat(254) }).success).toBe(false);
    expect(agentHello.safeParse({ ...hello, token: 't'.repeat(4097) }).success).toBe(false);
    expect(edgeFrame.safeParse({ ...frame, forget: Array.from({ length: 200_001 }, () => 1) }).success).toBe(false);
  });
});
