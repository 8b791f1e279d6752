import { type Drain, type Family, type KubeRoutingOverride, RoutingTracker } from '@kubecity/routing';
import { expect, test } from 'vitest';
import { planDrains } from '../../src/draining/drain-plan.ts';
import { service, slice } from '../rule-world.ts';

const START = Date.parse('2026-11-22T10:00:00Z');
const A = '10.244.1.1';
const B = '10.244.1.2';
const CART = 'shop/cart:http/TCP';

const drainOf = (address: string, drain: Partial<Drain>, more: object = {}): KubeRoutingOverride => ({
  metadata: {
    ...{ namespace: 'shop', name: `drain-${address}`, uid: address, generation: 3 },
    creationTimestamp: '2026-11-22T10:00:00Z',
  },
  spec: { service: 'cart', backends: { addresses: [address] }, drain, ...more },
});

function held(overrides: readonly KubeRoutingOverride[], families: readonly Family[] = ['IPv4', 'IPv6']) {
  const tracker = new RoutingTracker({ name: 'node-a' });
  tracker.setTime(START);
  tracker.setService(service('cart', '10.96.0.9'));
  tracker.setEndpointSlice(slice('cart', A, B, '10.244.1.3'));
  for (const override of overrides) tracker.setOverride(override);
  return { table: tracker.take().table, families: new Set(families), isolated: new Set<string>() };
}

const ORDER = { uid: A, generation: 3, perSecond: 50, late: false, backends: [[CART, `${A}:8080`]] };

test('waits unless the drain says otherwise', () => {
  expect(planDrains(held([drainOf(A, {})]), START)).toEqual({ orders: [] });
});

test('ends what the policy says, UDP apart, of the backends that the override holds', () => {
  const cut = drainOf(A, { existing: 'cut', cutPerSecond: 7 });
  const udp = drainOf(B, { udp: 'cutIdle' });
  expect(planDrains(held([cut, udp]), START).orders).toEqual([
    { ...ORDER, existing: 'cut', udp: 'cut', perSecond: 7 },
    { ...ORDER, uid: B, existing: 'wait', udp: 'cutIdle', backends: [[CART, `${B}:8080`]] },
  ]);
});

test('ends all that is left from the deadline on, and says when that is', () => {
  const rules = held([drainOf(A, { deadlineSeconds: 300 }), drainOf(B, { existing: 'cutIdle', deadlineSeconds: 60 })]);
  const idle = { ...ORDER, uid: B, existing: 'cutIdle', udp: 'cutIdle', backends: [[CART, `${B}:8080`]] };
  expect(planDrains(rules, START)).toEqual({ orders: [idle], nextAt: START + 60_000 });
  const late = { ...idle, existing: 'cut', udp: 'cut', late: true };
  expect(planDrains(rules, START + 59_999)).toEqual({ orders: [idle], nextAt: START + 60_000 });
  expect(planDrains(rules, START + 60_000)).toEqual({ orders: [late], nextAt: START + 300_000 });
  const both = [{ ...ORDER, existing: 'cut', udp: 'cut', late: true }, late];
  expect(planDrains(rules, START + 300_000)).toEqual({ orders: both });
});

test('counts the deadline from startAt', () => {
  const startAt = new Date(START + 10_000).toISOString();
  const rules = held([drainOf(A, { deadlineSeconds: 0 }, { startAt })]);
  expect(planDrains(rules, START)).toEqual({ orders: [], nextAt: START + 10_000 });
  expect(planDrains(rules, START + 10_000).orders).toMatchObject([{ late: true }]);
});

test('ends nothing where the kernel does not hold the drain', () => {
  const cut = [drainOf(A, { existing: 'cut' })];
  expect(planDrains(held(cut, ['IPv6']), START).orders).toEqual([]);
  expect(planDrains({ ...held(cut), isolated: new Set([CART]) }, START).orders).toEqual([]);
  expect(planDrains(held(cut), START).orders).toHaveLength(1);
});

test('ends nothing for a drain that is lifted, overruled or expired', () => {
  const all = { backends: undefined };
  const lifted = drainOf(A, { existing: 'cut' }, all);
  expect(held([lifted]).table.outcomes).toMatchObject([{ state: 'lifted' }]);
  expect(planDrains(held([lifted]), START).orders).toEqual([]);
  const expired = drainOf(A, { existing: 'cut' }, { expiresAt: new Date(START - 1000).toISOString() });
  expect(planDrains(held([expired]), START).orders).toEqual([]);
  const younger = drainOf(A, {});
  const overruling = {
    ...younger,
    metadata: { ...younger.metadata, name: 'z', uid: 'z', creationTimestamp: '2026-11-22T10:00:01Z' },
  };
  const rules = held([drainOf(A, { existing: 'cut' }), overruling]);
  expect(rules.table.outcomes).toMatchObject([{ state: 'overruled' }, { state: 'applied' }]);
  expect(planDrains(rules, START).orders).toEqual([]);
});

test('goes over all Services with one of the whole cluster', () => {
  const tracker = new RoutingTracker({ name: 'node-a' });
  for (const [i, name] of ['cart', 'till'].entries()) {
    tracker.setService(service(name, `10.96.0.${i + 1}`));
    tracker.setEndpointSlice(slice(name, A, B));
  }
  tracker.setOverride({
    metadata: { name: 'node', uid: 'n', generation: 1 },
    spec: { backends: { addresses: [A] }, drain: { existing: 'cut' } },
  });
  const rules = { table: tracker.take().table, families: new Set(['IPv4'] as const), isolated: new Set<string>() };
  expect(planDrains(rules, START).orders).toMatchObject([
    {
      backends: [
        [CART, `${A}:8080`],
        ['shop/till:http/TCP', `${A}:8080`],
      ],
    },
  ]);
});
