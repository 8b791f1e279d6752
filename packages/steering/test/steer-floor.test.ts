import { expect, test } from 'vitest';
import type { SteerCity } from '../src/index.ts';
import { cart, cart1, cart2, cartPort, city, four, override } from './city.ts';
import { drain, drain1, only, plan, refusal, weigh, written } from './wishes.ts';

test('the last backend is not drained, and not weighed to zero, unless it is permitted', () => {
  const other = override('x', { service: 'cart', drain: {}, allowEmpty: true, backends: only('cart-1') });
  const refused = refusal(drain(cart2), [other]);
  expect(refused.message).toMatch(/shop\/cart without a backend/);
  expect(refused).toMatchObject({
    code: 'would-empty',
    plan: { writes: [{ write: { after: { allowEmpty: true } } }] },
  });
  expect(refused.plan?.tables[0]?.active).toEqual({ before: 1, after: 0, floor: 1, of: 2 });
  expect(refusal(weigh(cart2, 0), [other]).code).toBe('would-empty');
  expect(written(drain(cart2, { allowEmpty: true }), [other])).toMatchObject({
    verb: 'create',
    after: { allowEmpty: true },
  });
});

test('the third of four at a floor of 50 % is refused', () => {
  const floor = { ...four, floor: '50%' };
  const held = [1, 2].map((n) => override(`d${n}`, { service: 'cart', drain: {}, backends: only(`cart-${n}`) }));
  const third = drain(`${cartPort}|10.0.0.3:8080`);
  expect(refusal(third, city([floor], held)).message).toMatch(/with 1 of at least 2 backends/);
  expect(plan(third, city([floor], held.slice(1))).writes).toHaveLength(1);
});

test('a drain of a node that would break one floor of many is to be permitted', () => {
  const services = [four, { name: 'single', pods: [{ name: 'one', ip: '10.0.1.1', node: 'node-a' }] }];
  const node = { target: { kind: 'node', name: 'node-a' }, effect: { kind: 'drain' } } as const;
  expect(refusal(node, city(services)).message).toMatch(/shop\/single without a backend/);
  expect(plan({ ...node, allowEmpty: true }, city(services)).tables).toHaveLength(2);
});

test('two wishes of the same second do not make each other give way', () => {
  const sameSecond = { creationTimestamp: '2026-11-22T12:00:00Z' };
  const made = (n: 1 | 2) =>
    override(`cart-drain-cart-${n}`, { service: 'cart', drain: {}, backends: only(`cart-${n}`) }, sameSecond);
  expect(refusal(drain(cart2), [made(1)]).code).toBe('would-empty');
  expect(refusal(drain(cart1), [made(2)]).code).toBe('would-empty');
});

test('what is permitted here but not by an older drain lifts that one, and says so', () => {
  expect(plan(drain(cart2, { allowEmpty: true }), [drain1]).remarks.join(' ')).toMatch(
    /RoutingOverride shop\/cart-drain-cart-1 .*is lifted by this for shop\/cart/,
  );
});

test('every port of the Service counts for the guard', () => {
  const both = city([{ ...cart, ports: ['http', 'admin'] }]);
  const [slice] = both.endpointSlices;
  const endpointSlices = [
    { ...slice, ports: [{ name: 'http', port: 8080 }] },
    {
      ...slice,
      metadata: { ...slice?.metadata, name: 'cart-x2' },
      ports: [{ name: 'admin', port: 8081 }],
      endpoints: slice?.endpoints?.slice(0, 1),
    },
  ] as SteerCity['endpointSlices'];
  expect(refusal(drain(cart1), { ...both, endpointSlices }).code).toBe('would-empty');
});
