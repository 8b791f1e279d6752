import type { KubeRoutingOverride } from '@kubecity/routing';
import { expect, test } from 'vitest';
import { overtakenBy, planSteer } from '../src/index.ts';
import { cart, cart1, cart2, city, override } from './city.ts';

const drain = (id: string, overrides: readonly KubeRoutingOverride[] = []) => {
  const request = { action: 'steer', target: { kind: 'backend', id }, effect: { kind: 'drain' } } as const;
  const decidedOn = city([cart], overrides);
  const [write] = planSteer(request, decidedOn, { user: 'ana', how: 'cli' }).writes;
  if (!write) throw new Error('nothing to write');
  return (then: readonly KubeRoutingOverride[]) => overtakenBy(write, decidedOn, [...then, write.object]);
};
const by = { creationTimestamp: '2026-11-22T12:00:00Z', annotations: { 'kubecity.dev/by': 'bob' } };
const other = (n: 1 | 2, effect: object) =>
  override(`mine-${n}`, { service: 'cart', backends: { podNames: [`cart-${n}`] }, ...effect }, by);

test('what was decided on is no surprise, and neither is what concerns others', () => {
  const known = other(1, { weight: 50 });
  expect(drain(cart1, [known])([known])).toBeUndefined();
  expect(drain(cart1)([other(2, { weight: 50 })])).toBeUndefined();
  expect(drain(cart1)([override('y', { service: 'other', drain: {} }, by)])).toBeUndefined();
});

test('another of the same backends was faster', () => {
  expect(drain(cart1)([other(1, { weight: 50 })])).toBe(
    'RoutingOverride shop/mine-1 (weight 50 by bob) names the same backends',
  );
});

test('another that breaks the floor together with this one was faster', () => {
  for (const [id, rival] of [
    [cart1, 2],
    [cart2, 1],
  ] as const) {
    expect(drain(id)([other(rival, { drain: {} })])).toBe(
      `with RoutingOverride shop/mine-${rival} (drain by bob) the floor of shop/cart would be broken`,
    );
  }
});

test('one that was changed meanwhile counts as new', () => {
  const known = other(1, { weight: 50 });
  const changed = { ...known, metadata: { ...known.metadata, generation: 2 } };
  expect(drain(cart1, [known])([changed])).toMatch(/mine-1/);
});
