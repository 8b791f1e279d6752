import { steerRequest } from '@kubecity/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationText, secondsOf } from '../../src/city/duration.ts';
import type { Override } from '../../src/city/overrides.ts';
import { faultsOf, formFrom, formOf, newForm, requestOf, type SteerForm } from '../../src/city/steer/form.ts';

const NOW = Date.UTC(2026, 10, 23, 8, 0, 0);
const cart = { kind: 'service', namespace: 'shop', name: 'cart' } as const;
const form = (change: Partial<SteerForm>): SteerForm => ({ ...newForm(cart), ...change });

describe('lengths of time', () => {
  it.each([
    ['90', 90],
    ['90s', 90],
    ['5 min', 300],
    ['1h 30m', 5400],
    ['2 d', 172_800],
    ['', undefined],
    ['soon', undefined],
    ['5 mi', undefined],
    ['-5', undefined],
    ['5m later', undefined],
  ])('%s is %s', (text, seconds) => expect(secondsOf(text)).toBe(seconds));

  it('read back as they are written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (n) => secondsOf(durationText(n)) === n),
      { seed: 6 },
    );
  });
});

describe('the request of a form', () => {
  it('says what was chosen and nothing besides', () => {
    expect(requestOf(newForm(cart), NOW)).toEqual({
      action: 'steer',
      target: cart,
      effect: { kind: 'drain', existing: 'wait', sticky: 'expire' },
    });
    const drain = form({
      existing: 'cutIdle',
      udp: 'cut',
      deadline: '5 min',
      pace: '20',
      expiresIn: '1 h',
      reason: ' x ',
    });
    expect(requestOf(drain, NOW)).toEqual({
      action: 'steer',
      target: cart,
      effect: {
        kind: 'drain',
        existing: 'cutIdle',
        udp: 'cut',
        sticky: 'expire',
        deadlineSeconds: 300,
        cutPerSecond: 20,
      },
      expiresAt: '2026-11-23T09:00:00Z',
      reason: 'x',
    });
    expect(requestOf(form({ effect: 'share', share: '10', ramp: '1 min' }), NOW).effect).toEqual({
      kind: 'share',
      share: 10,
      ramp: { seconds: 60 },
    });
  });

  it('is one that the hub takes, whenever the form has no fault', () => {
    const length = fc.constantFrom('', '0', '30 s', '5 min', '1 h', '400 d', 'soon');
    const figure = fc.constantFrom('', '0', '10', '100', '101', '1000', '1001', '1.5', '-1', 'ten');
    const any = fc.record({
      effect: fc.constantFrom('drain', 'weight', 'share'),
      existing: fc.constantFrom('wait', 'cutIdle', 'cut'),
      udp: fc.constantFrom('', 'wait', 'cut'),
      deadline: length,
      ramp: length,
      expiresIn: length,
      expiresAt: fc.constantFrom('', '2027-01-01T10:00', '2001-01-01T10:00', 'never'),
      pace: figure,
      weight: figure,
      share: figure,
      reason: fc.constantFrom('', 'why', 'x'.repeat(2000)),
    });
    const right = { with: 0, without: 0 };
    fc.assert(
      fc.property(any, (change) => {
        const filled = form(change as Partial<SteerForm>);
        const faultless = Object.keys(faultsOf(filled, NOW)).length === 0;
        right[faultless ? 'without' : 'with'] += 1;
        if (faultless) expect(steerRequest.safeParse(requestOf(filled, NOW)).error).toBeUndefined();
      }),
      { seed: 6, numRuns: 2000 },
    );
    expect(Math.min(right.with, right.without)).toBeGreaterThan(50);
  });

  it('names the field that is wrong', () => {
    expect(Object.keys(faultsOf(form({ effect: 'weight', weight: '1001', ramp: 'soon' }), NOW))).toEqual([
      'weight',
      'ramp',
    ]);
    // What does not count for the effect is not judged.
    expect(faultsOf(form({ effect: 'drain', weight: '1001', ramp: 'soon' }), NOW)).toEqual({});
    expect(faultsOf(form({ expiresAt: '2001-01-01T10:00' }), NOW)).toEqual({ expiresAt: 'That time is over.' });
    expect(faultsOf(form({ effect: 'share', share: '101' }), NOW).share).toBe('A whole number from 0 to 100.');
  });

  it('fills the form that it came from: a refused wish can be confirmed in the sheet', () => {
    for (const change of [
      { existing: 'cut', udp: 'wait', deadline: '90 s', pace: '7', reason: 'INC-1' },
      { effect: 'weight', weight: '0', ramp: '2 min' },
      { effect: 'share', share: '25' },
    ] as const) {
      const request = requestOf(form(change), NOW);
      expect(requestOf(formFrom(request) as SteerForm, NOW)).toEqual(request);
    }
    expect(formFrom({ action: 'undo', change: 'a' })).toBeUndefined();
    expect(formFrom({ action: 'steer', target: cart, effect: { kind: 'release' } })).toBeUndefined();
  });

  it('begins with what an override says now', () => {
    const override = {
      uid: 'u',
      namespace: 'shop',
      name: 'cart-share',
      cluster: false,
      generation: 1,
      createdAt: '',
      kind: 'share',
      share: 15,
      ramp: { from: 5, value: 7, until: NOW + 60_000 },
      startedAt: NOW,
      reason: 'canary',
      state: 'applied',
      backends: [],
      nodes: { desired: 0, acknowledged: [], waitingFor: [] },
      connections: { moving: 0, idle: 0, closing: 0, waiting: 0, coverage: 'complete' },
    } satisfies Override;
    expect(requestOf(formOf(override), NOW)).toEqual({
      action: 'steer',
      target: { kind: 'override', namespace: 'shop', name: 'cart-share' },
      effect: { kind: 'share', share: 15, ramp: { seconds: 60 } },
      reason: 'canary',
    });
    expect(formOf({ ...override, cluster: true, namespace: '' }).target).toEqual({
      kind: 'override',
      name: 'cart-share',
    });
  });
});
