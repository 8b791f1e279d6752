import { describe, expect, it } from 'vitest';
import { REFUSALS, recordKinds, steerRequest } from '../src/index.ts';

describe('what a hand may ask for', () => {
  const target = { kind: 'backend', id: 'b' };
  const wish = (effect: object, more: object = {}) => ({ action: 'steer', target, effect, ...more });
  const about = (target: object) => ({ action: 'steer', target, effect: { kind: 'release' } });

  it.each([
    [wish({ kind: 'drain' })],
    [wish({ kind: 'drain', existing: 'cutIdle', udp: 'cut', sticky: 'keep', deadlineSeconds: 0, cutPerSecond: 1 })],
    [wish({ kind: 'weight', weight: 1000, ramp: { seconds: 60 } }, { reason: 'INC-123', allowEmpty: true })],
    [wish({ kind: 'share', share: 10, ramp: { from: 0, seconds: 1 } }, { expiresAt: '2026-11-22T12:00:00+01:00' })],
    [wish({ kind: 'release' }, { dryRun: true, seen: 'abc' })],
    [about({ kind: 'service', namespace: 'shop', name: 'cart', ports: [''], backends: { matchLabels: { v: '' } } })],
    [about({ kind: 'pod', namespace: 'shop', name: 'cart-1' })],
    [about({ kind: 'node', name: 'b1' })],
    [about({ kind: 'labels', matchLabels: { v: '2' } })],
    [about({ kind: 'chosen', backends: { zones: ['z'] } })],
    [about({ kind: 'override', name: 'node-b1-drain' })],
    [{ action: 'undo', change: '20261122T120000000Z-5f0c2a9e-cli' }],
  ])('%j', (request) => {
    expect(steerRequest.parse(request)).toEqual(request);
  });

  it.each([
    [wish({ kind: 'weight', weight: 1001 })],
    [wish({ kind: 'weight', weight: 1.5 })],
    [wish({ kind: 'weight' })],
    [wish({ kind: 'share', share: 101 })],
    [wish({ kind: 'drain', existing: 'keep' })],
    [wish({ kind: 'drain', extra: true })],
    [wish({ kind: 'drain' }, { expiresAt: 'tomorrow' })],
    [wish({ kind: 'drain' }, { extra: true })],
    [about({ kind: 'backend', id: 'b'.repeat(1001) })],
    [about({ kind: 'pod', name: 'cart-1' })],
    [about({ kind: 'node' })],
    [{ action: 'steer', target }],
    [{ action: 'undo' }],
    [{ action: 'delete', target }],
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
