import { describe, expect, test } from 'vitest';
import { parseCalls } from '../src/workload/call.ts';
import { parseFault } from '../src/workload/fault.ts';
import { pause, seededRandom } from '../src/workload/random.ts';
import { parseServe } from '../src/workload/server.ts';

describe('CALLS', () => {
  test('rated and held calls, in any number', () => {
    expect(parseCalls('http cart.shop 2.5/s; hold orders-db.data 2;lookup lookup.platform 3/s;')).toEqual([
      { kind: 'http', callee: 'cart.shop', perSecond: 2.5 },
      { kind: 'hold', callee: 'orders-db.data', connections: 2 },
      { kind: 'lookup', callee: 'lookup.platform', perSecond: 3 },
    ]);
    expect(parseCalls('http 203.0.113.7:80 0.1/s')).toEqual([
      { kind: 'http', callee: '203.0.113.7:80', perSecond: 0.1 },
    ]);
    expect(parseCalls('')).toEqual([]);
  });

  test.each(['http cart 2/s', 'http cart.shop 2', 'hold cart.shop 2/s', 'ftp cart.shop 1/s', 'http cart.shop -1/s'])(
    'refuses "%s" and quotes it',
    (text) => expect(() => parseCalls(`query a.b 1/s; ${text}`)).toThrow(`"${text}"`),
  );

  test.each(['http 10.0.0.256:80 1/s', 'hold 10.0.0.1:65536 1'])('refuses "%s": there is no such place', (text) => {
    expect(() => parseCalls(text)).toThrow(RangeError);
  });

  test.each(['http cart.shop 501/s', 'hold cart.shop 1001'])('refuses "%s" as too much', (text) => {
    expect(() => parseCalls(text)).toThrow(RangeError);
  });
});

test('FAULT', () => {
  expect(parseFault('closed 4 of 16 s')).toEqual({ closedMilliseconds: 4000, periodMilliseconds: 16_000 });
  expect(parseFault('')).toBeUndefined();
  for (const text of ['closed 16 of 16 s', 'closed 0 of 5 s', 'open 1 of 2 s']) {
    expect(() => parseFault(text)).toThrow(`"${text}"`);
  }
});

test('SERVE', () => {
  expect(parseServe('lines:5432')).toEqual({ kind: 'lines', port: 5432 });
  expect(() => parseServe('gopher:70')).toThrow('"gopher:70"');
});

describe('random', () => {
  test('is the same for the same seed and another for another', () => {
    const draw = (seed: string) => Array.from({ length: 5 }, seededRandom(seed));
    expect(draw('1/web')).toEqual(draw('1/web'));
    expect(draw('1/web')).not.toEqual(draw('2/web'));
  });

  test('pauses come at the rate that was asked for', () => {
    const random = seededRandom('rate');
    const pauses = Array.from({ length: 20_000 }, () => pause(random, 4));
    // mean of an exponential distribution: 250 ms, with a standard error of 250 / √20000 = 1.8 ms
    const mean = pauses.reduce((sum, value) => sum + value, 0) / pauses.length;
    expect(Math.abs(mean - 250)).toBeLessThan(9);
  });
});
