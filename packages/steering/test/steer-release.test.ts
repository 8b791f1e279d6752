import { expect, test } from 'vitest';
import { cart1, cart2, city, clusterOverride, four, override } from './city.ts';
import { drain1, only, plan, refusal, release, type Wish, weight1, written } from './wishes.ts';

test('release deletes what holds the backend, whoever made it, if it names nobody else', () => {
  expect(written(release(cart1), [drain1])).toMatchObject({ verb: 'delete', object: drain1 });
  const byHand = override('mine', { service: 'cart', drain: {}, backends: { addresses: ['10.0.0.1'] } });
  expect(written(release(cart1), [byHand])).toMatchObject({ verb: 'delete', object: byHand });
  expect(plan(release(cart1), [drain1]).message).toBe('cart-1 gets new connections again.');
});

test('of a drain over a weight the drain is released, and the weight is told', () => {
  const made = plan(release(cart1), [weight1, drain1]);
  expect(made.writes[0]?.object).toBe(drain1);
  expect(made.remarks.join(' ')).toMatch(
    /cart-weight-cart-1 \(weight 30, pods cart-1 of Service cart\) decides about cart-1/,
  );
});

test.each([
  [{ podNames: ['cart-1', 'cart-3'] }, /RoutingOverride shop\/wide .*pods cart-1, cart-3/],
  [{ podNames: ['cart-1'], zones: ['zone-1'] }, undefined],
  [{ selector: { matchLabels: { version: 'v1' } } }, /labels version=v1/],
  [{ nodeNames: ['node-a'] }, /on nodes node-a/],
])('release of a part of %j is refused with what else it covers', (backends, message) => {
  const wide = override('wide', { service: 'cart', drain: {}, backends });
  const where = city([four], [wide]);
  if (!message) return expect(written(release(cart1), where).object).toBe(wide);
  const refused = refusal(release(cart1), where);
  expect(refused.code).toBe('conflict');
  expect(refused.message).toMatch(message);
  expect(refused.message).toMatch(/Release or change that override as a whole/);
});

test('a node is released by its own object, not by that of one of its pods', () => {
  const node = clusterOverride('node-node-a-drain', { drain: {}, backends: { nodeNames: ['node-a'] } });
  const wish: Wish = { target: { kind: 'node', name: 'node-a' }, effect: { kind: 'release' } };
  const made = plan(wish, city([four], [drain1, node]));
  expect(made.writes[0]?.object).toBe(node);
  expect(refusal(release(cart2), city([four], [drain1, node])).message).toMatch(
    /ClusterRoutingOverride node-node-a-drain holds cart-2 and more/,
  );
});

test('release of what nobody holds does nothing', () => {
  expect(plan(release(cart2), [drain1])).toMatchObject({ writes: [], message: 'Nothing holds cart-2.' });
});

test('a release that lays bare an override that may break the floor is to be confirmed', () => {
  const zero = override('zero', { service: 'cart', weight: 0, allowEmpty: true });
  const back = override(
    'back',
    { service: 'cart', weight: 50, backends: only('cart-1') },
    { creationTimestamp: '2026-11-22T11:00:00Z' },
  );
  expect(refusal(release(cart1), [zero, back]).code).toBe('would-empty');
});
