import { expect, test } from 'vitest';
import { cart1, city, four, override } from './city.ts';
import { backend, only, plan, refusal, weigh, weight1, written } from './wishes.ts';

test('a ramp begins where things are', () => {
  const group = {
    kind: 'service',
    namespace: 'shop',
    name: 'cart',
    backends: { matchLabels: { version: 'v2' } },
  } as const;
  const share = { kind: 'share', share: 10, ramp: { seconds: 60 } } as const;
  expect(written({ target: group, effect: share }, city([four])).after).toMatchObject({
    share: 10,
    ramp: { from: 50, seconds: 60 },
  });
  expect(
    written(weigh(cart1, 50, { effect: { kind: 'weight', weight: 0, ramp: { seconds: 10 } } }), [weight1]),
  ).toMatchObject({ verb: 'replace', after: { weight: 0, ramp: { from: 30, seconds: 10 } } });
  const there = { kind: 'weight', weight: 100, ramp: { seconds: 10 } } as const;
  expect(written({ target: backend(cart1), effect: there }).after).not.toHaveProperty('ramp');
});

test('a ramp that is replaced on its way is spoken of', () => {
  const ramp = { weight: 0, ramp: { from: 100, seconds: 100 }, startAt: '2026-11-22T11:59:40Z' };
  const way = override('cart-weight-cart-1', { service: 'cart', backends: only('cart-1'), ...ramp });
  const made = plan(weigh(cart1, 50), [way]);
  expect(made.remarks).toContain('The ramp of RoutingOverride shop/cart-weight-cart-1 to 0 ends where it is, at 80.');
  expect(made.tables[0]?.rows[0]?.before.weight).toBe(80);
});

test('a ramp is judged at both its ends', () => {
  const up = { kind: 'weight', weight: 50, ramp: { from: 0, seconds: 60 } } as const;
  const every = { kind: 'service', namespace: 'shop', name: 'cart' } as const;
  expect(refusal({ target: every, effect: up }).code).toBe('would-empty');
  expect(refusal({ target: every, effect: { ...up, weight: 0, ramp: { from: 50, seconds: 60 } } }).code).toBe(
    'would-empty',
  );
});
