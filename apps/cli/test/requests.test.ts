import { steerRequest } from '@kubecity/protocol';
import { describe, expect, test } from 'vitest';
import { moment, seconds, shortDuration } from '../src/duration.ts';
import { drainOf, shareOf, weightOf } from '../src/effect.ts';
import { EXIT, Failure } from '../src/failure.ts';
import { circumstancesOf } from '../src/order.ts';
import { type Choice, confirmationOf, namespaceOf, targetOf } from '../src/target.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const target = (text: string, choice: Choice = {}) => targetOf(text, choice, 'shop');

/** The words and code of what is thrown. */
function failureOf(work: () => unknown): { exitCode: number; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return { exitCode: error.exitCode, message: error.message };
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('targets', () => {
  test.each([
    ['service/cart', {}, { kind: 'service', namespace: 'shop', name: 'cart' }],
    ['svc/cart', { port: ['http'] }, { kind: 'service', namespace: 'shop', name: 'cart', ports: ['http'] }],
    [
      'service/cart',
      { pod: ['cart-1'], selector: 'version=v2,tier==web' },
      {
        kind: 'service',
        namespace: 'shop',
        name: 'cart',
        backends: { matchLabels: { version: 'v2', tier: 'web' }, podNames: ['cart-1'] },
      },
    ],
    ['pod/cart-1', {}, { kind: 'pod', namespace: 'shop', name: 'cart-1' }],
    ['node/node-b', {}, { kind: 'node', name: 'node-b' }],
    ['zone/b', {}, { kind: 'zone', name: 'b' }],
    ['override/cart-drain', {}, { kind: 'override', namespace: 'shop', name: 'cart-drain' }],
    ['cro/node-b-drain', {}, { kind: 'override', name: 'node-b-drain' }],
    [
      'namespace/other',
      { node: ['n1', 'n2'] },
      { kind: 'chosen', namespace: 'other', backends: { nodeNames: ['n1', 'n2'] } },
    ],
    [
      'cluster',
      { zone: ['b'], address: ['10.0.0.1'] },
      { kind: 'chosen', backends: { zones: ['b'], addresses: ['10.0.0.1'] } },
    ],
  ])('%s %j', (text, choice, wished) => {
    const made = target(text, choice);
    expect(made).toEqual(wished);
    expect(steerRequest.safeParse({ action: 'steer', target: made, effect: { kind: 'release' } }).success).toBe(true);
  });

  test.each([
    ['cart', {}, 'is no target'],
    ['service/', {}, 'is no target'],
    ['cluster/x', {}, 'is no target'],
    ['service/shop/cart', {}, 'is no target'],
    ['cluster', {}, 'say who is meant'],
    ['namespace/shop', {}, 'say who is meant'],
    ['pod/cart-1', { node: ['b'] }, 'says who is meant'],
    ['node/b', { port: ['http'] }, '--port goes with service/NAME only'],
    ['service/cart', { selector: 'version in (v1,v2)' }, 'is not KEY=VALUE'],
  ])('%s %j is refused as a matter of the command line', (text, choice, words) => {
    const { exitCode, message } = failureOf(() => target(text, choice));
    expect(exitCode).toBe(EXIT.usage);
    expect(message).toContain(words);
  });

  test('the name that is typed to break the floor, and where the objects are', () => {
    const told = ['service/cart', 'node/b', 'cluster'].map((text) => {
      const made = target(text, text === 'cluster' ? { zone: ['b'] } : {});
      return [confirmationOf(made), namespaceOf(made)];
    });
    expect(told).toEqual([
      ['cart', 'shop'],
      ['b', undefined],
      ['cluster', undefined],
    ]);
  });
});

describe('effects', () => {
  test('a drain says only what is asked for', () => {
    expect(drainOf({})).toEqual({ kind: 'drain' });
    expect(drainOf({ existing: 'cutIdle', udp: 'cut', sticky: 'keep', deadline: '5m', pace: '20/s' })).toEqual({
      kind: 'drain',
      existing: 'cutIdle',
      udp: 'cut',
      sticky: 'keep',
      deadlineSeconds: 300,
      cutPerSecond: 20,
    });
  });

  test('weights and shares, with ramps', () => {
    expect(weightOf('30', {})).toEqual({ kind: 'weight', weight: 30 });
    expect(weightOf('30', { ramp: '1m', rampFrom: '5' })).toEqual({
      kind: 'weight',
      weight: 30,
      ramp: { seconds: 60, from: 5 },
    });
    expect(shareOf('10%', { ramp: '600' })).toEqual({ kind: 'share', share: 10, ramp: { seconds: 600 } });
  });

  test.each([
    [() => weightOf('1001', {}), 'the weight: 1001 is not between 0 and 1000'],
    [() => weightOf('-1', {}), 'is no whole number'],
    [() => shareOf('101', {}), 'the share: 101 is not between 0 and 100'],
    [() => shareOf('10', { rampFrom: '5' }), '--ramp-from needs --ramp'],
    [() => shareOf('10', { ramp: '0' }), '--ramp: 0 is not between 1 and 86400'],
    [() => drainOf({ deadline: 'soon' }), '--deadline: "soon" is no duration'],
    [() => drainOf({ pace: '0' }), '--pace: 0 is not between 1 and 10000'],
  ])('%s is refused', (work, words) => {
    const { exitCode, message } = failureOf(work);
    expect(exitCode).toBe(EXIT.usage);
    expect(message).toContain(words);
  });
});

test('durations are read whole', () => {
  expect(['90', '90s', '5m', '1h30m', '2d'].map((text) => seconds(text, '--x'))).toEqual([90, 90, 300, 5400, 172_800]);
  for (const text of ['', '5x', '5m3', 'm', '1.5h', '-5m'])
    expect(failureOf(() => seconds(text, '--x')).exitCode).toBe(2);
  expect([5_000, 300_000, 18_000_000, 259_200_000].map(shortDuration)).toEqual(['5s', '5m', '5h', '3d']);
});

test('an end is a time, or so long from now', () => {
  expect(moment('1h', '--expires', NOW)).toBe('2026-11-22T13:00:00Z');
  expect(moment('2026-11-24T18:00:00+02:00', '--expires', NOW)).toBe('2026-11-24T16:00:00Z');
  expect(failureOf(() => moment('tomorrow', '--expires', NOW)).message).toContain('--expires');
  expect(
    circumstancesOf({ output: 'table', expires: '1h', reason: 'why', allowEmpty: true, dryRun: true }, NOW),
  ).toEqual({
    expiresAt: '2026-11-22T13:00:00Z',
    reason: 'why',
    allowEmpty: true,
    dryRun: true,
  });
  expect(circumstancesOf({ output: 'table' }, NOW)).toEqual({});
});
