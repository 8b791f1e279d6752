import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agentAnswer,
  agentHello,
  agentQuestion,
  commonProtocol,
  type EdgeFrame,
  edgeFrame,
  edgeRow,
  interest,
  PROTOCOLS,
  rulesReport,
} from '../src/index.ts';

const frame: EdgeFrame = {
  seq: 0,
  reset: true,
  at: 1_700_000_000_000,
  define: [
    [
      1,
      {
        client: { kind: 'outside', network: '192.0.2.0/24' },
        servicePort: 'shop/cart:http/TCP',
        backend: '10.244.1.1:8080',
        pod: { uid: 'u', namespace: 'shop', name: 'cart-1' },
      },
    ],
    [2, { client: { kind: 'node', name: 'node-a' }, servicePort: '', backend: '[fd00::1]:8080' }],
  ],
  rows: [[1, 3, 0, 0, 12, 800, 10, 4000, 1, 1, 0, 0, 0]],
  forget: [],
  table: {
    entries: 4,
    max: 262_144,
    insertFailed: 0,
    dropped: 0,
    earlyDropped: 0,
    withoutCounters: 0,
    lostDumps: 0,
    lostEvents: 0,
    endedUnseen: 0,
    elsewhere: 0,
    unexplained: 0,
    folded: 0,
    dumpMilliseconds: 0.4,
    periodMilliseconds: 1000,
  },
};

describe('what an agent says', () => {
  it('passes as it is', () => {
    expect(edgeFrame.parse(structuredClone(frame))).toEqual(frame);
  });

  it.each([
    ['a count below zero', { ...frame, rows: [[1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] }],
    ['a row that is too short', { ...frame, rows: [[1, 2, 3]] }],
    ['a row of protocol 1', { ...frame, rows: [[1, 3, 0, 0, 12, 800, 10, 4000, 1, 1, 0]] }],
    ['half a connection', { ...frame, rows: [[1, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] }],
    ['a count beyond what a number can be', { ...frame, rows: [[1, 2 ** 53, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] }],
    ['text for a number', { ...frame, rows: [[1, '3', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] }],
    ['a client of no known kind', { ...frame, define: [[1, { ...frame.define[0]?.[1], client: { kind: 'ghost' } }]] }],
    ['a table that is missing', { ...frame, table: undefined }],
    ['a number that is none', { ...frame, at: Number.NaN }],
  ])('is refused with %s', (_title, bad) => {
    expect(edgeFrame.safeParse(bad).success).toBe(false);
  });

  it('never throws on foreign input, and takes nothing for a frame, row, report or hello that is not one', () => {
    fc.assert(
      fc.property(fc.anything(), (foreign) => {
        for (const schema of [edgeFrame, edgeRow, rulesReport, agentHello, interest, agentQuestion, agentAnswer])
          expect(schema.safeParse(foreign).success).toBe(false);
      }),
      { seed: 20261122 },
    );
  });

  it('is bounded: names, tokens and lists have a most', () => {
    const hello = { protocols: [2], token: 't', node: 'node-a', epoch: 'e', version: '0.1.0' };
    expect(agentHello.safeParse(hello).success).toBe(true);
    expect(agentHello.safeParse({ ...hello, protocols: [] }).success).toBe(false);
    expect(agentHello.safeParse({ ...hello, protocols: Array.from({ length: 17 }, () => 2) }).success).toBe(false);
    expect(agentHello.safeParse({ ...hello, node: 'n'.repeat(254) }).success).toBe(false);
    expect(agentHello.safeParse({ ...hello, token: 't'.repeat(4097) }).success).toBe(false);
    expect(edgeFrame.safeParse({ ...frame, forget: Array.from({ length: 200_001 }, () => 1) }).success).toBe(false);
  });
});

describe('a version', () => {
  it('is the best that both speak, or none', () => {
    expect(commonProtocol([1, 2, 3], [2])).toBe(2);
    expect(commonProtocol([1, 2, 3], [3, 2])).toBe(3);
    expect(commonProtocol([1, 9], [3, 2])).toBeUndefined();
    expect(commonProtocol([], PROTOCOLS)).toBeUndefined();
  });
});

describe('a question to an agent', () => {
  it.each([
    { kind: 'rules', service: 'shop/cart' },
    { kind: 'flows', servicePort: 'shop/cart:http/TCP', limit: 1000 },
    { kind: 'endFlows', servicePort: '', backend: '10.0.0.1:80', classes: ['idle'], perSecond: 100 },
  ])('%j', (question) => {
    expect(agentQuestion.parse(question)).toEqual(question);
  });

  it.each([
    { kind: 'flows', servicePort: 'shop/cart:http/TCP', limit: 1001 },
    { kind: 'endFlows', servicePort: '', backend: '10.0.0.1:80', classes: [], perSecond: 100 },
    { kind: 'endFlows', servicePort: '', backend: '10.0.0.1:80', classes: ['over'], perSecond: 100 },
    { kind: 'anything' },
  ])('not %j', (question) => {
    expect(agentQuestion.safeParse(question).success).toBe(false);
  });

  it('is answered with its kind, or refused with a code of the list', () => {
    expect(agentAnswer.safeParse({ kind: 'flows', at: 1, total: 0, flows: [] }).success).toBe(true);
    expect(agentAnswer.safeParse({ kind: 'refused', code: 'busy', message: '' }).success).toBe(true);
    expect(agentAnswer.safeParse({ kind: 'refused', code: 'bored', message: '' }).success).toBe(false);
  });
});
