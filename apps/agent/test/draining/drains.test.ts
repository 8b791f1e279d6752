import { type Drain, type KubeRoutingOverride, RoutingTracker } from '@kubecity/routing';
import { expect, test, vi } from 'vitest';
import type { CutOrder } from '../../src/draining/cut-order.ts';
import { Drains } from '../../src/draining/drains.ts';
import { HandClock } from '../hand-clock.ts';
import { service, slice } from '../rule-world.ts';

const NAME = { namespace: 'shop', name: 'cart-drain' };
const drainOf = (drain: Partial<Drain>, generation = 1): KubeRoutingOverride => ({
  metadata: { ...NAME, uid: 'u', generation, creationTimestamp: '1970-01-01T00:00:00Z' },
  spec: { service: 'cart', backends: { addresses: ['10.244.1.1'] }, drain },
});

function setUp() {
  const tracker = new RoutingTracker({ name: 'node-a' });
  tracker.setService(service('cart', '10.96.0.9'));
  tracker.setEndpointSlice(slice('cart', '10.244.1.1', '10.244.1.2'));
  const clock = new HandClock();
  const order = vi.fn<(orders: readonly CutOrder[]) => void>();
  const info = vi.fn();
  const metric = vi.fn();
  const late = vi.fn();
  const changed = vi.fn();
  const drains = new Drains({ order, clock, log: { info }, metrics: { cut: metric }, late, changed });
  const hold = () => {
    const { table } = tracker.take();
    drains.writing(table);
    drains.held({ table, families: new Set(['IPv4']), isolated: new Set() });
  };
  return { tracker, clock, order, info, metric, late, changed, drains, hold, orders: () => order.mock.lastCall?.[0] };
}

test('orders only when the kernel holds the drain, and takes the order back before other rules are written', () => {
  const { tracker, drains, order, orders, hold } = setUp();
  hold();
  tracker.setOverride(drainOf({ existing: 'cut' }));
  drains.writing(tracker.take().table);
  expect(order).not.toHaveBeenCalled();
  tracker.setOverride(drainOf({ existing: 'cut' }));
  hold();
  expect(orders()).toMatchObject([{ uid: 'u', generation: 1, existing: 'cut' }]);
  hold();
  expect(order, 'nothing new').toHaveBeenCalledTimes(1);
  tracker.setOverride(drainOf({ existing: 'cutIdle' }, 2));
  drains.writing(tracker.take().table);
  expect(orders(), 'another generation').toEqual([]);
  hold();
  expect(orders()).toMatchObject([{ generation: 2, existing: 'cutIdle' }]);
  tracker.deleteOverride({ metadata: NAME });
  drains.writing(tracker.take().table);
  expect(orders()).toEqual([]);
});

test('ends what is left at the deadline, by its own clock, and tells that once', async () => {
  const { tracker, clock, drains, orders, late, metric, hold } = setUp();
  tracker.setOverride(drainOf({ deadlineSeconds: 60 }));
  hold();
  await clock.advance(59_999);
  expect(orders()).toBeUndefined();
  await clock.advance(1);
  expect(orders()).toMatchObject([{ late: true, existing: 'cut', udp: 'cut' }]);
  drains.ended({ uid: 'u', connections: 5, left: 30, late: true });
  drains.ended({ uid: 'u', connections: 5, left: 25, late: true });
  expect(late.mock.calls).toMatchObject([[{ uid: 'u' }, 35]]);
  expect(metric.mock.calls).toEqual([
    [5, 'deadline'],
    [5, 'deadline'],
  ]);
  drains.stop();
});

test('a deadline during a sync waits for its end', async () => {
  const { tracker, clock, drains, orders, hold } = setUp();
  tracker.setOverride(drainOf({ deadlineSeconds: 60 }));
  hold();
  drains.writing(tracker.take().table);
  await clock.advance(70_000);
  expect(orders()).toBeUndefined();
  hold();
  expect(orders()).toMatchObject([{ late: true }]);
});

test('counts by override, tells at most once a second, and logs one line in ten', async () => {
  const { tracker, clock, drains, info, changed, hold } = setUp();
  tracker.setOverride(drainOf({ existing: 'cut' }));
  hold();
  for (let i = 0; i < 100; i += 1) {
    drains.ended({ uid: 'u', connections: 5, left: 0, late: false });
    await clock.advance(100);
  }
  expect(drains.cut('u')).toEqual({ connections: 500, at: 9_900 });
  expect(changed.mock.calls.length).toBeLessThanOrEqual(10);
  expect(info.mock.calls.map(([about]) => about)).toEqual([
    { override: 'shop/cart-drain', connections: 500, total: 500 },
  ]);
  await clock.advance(60_000);
  expect(info).toHaveBeenCalledTimes(1);
  drains.ended({ uid: 'u', connections: 1, left: 0, late: false });
  await clock.advance(10_000);
  expect(info.mock.calls[1]?.[0]).toMatchObject({ connections: 1, total: 501 });
  tracker.deleteOverride({ metadata: NAME });
  hold();
  expect(drains.cut('u')).toBeUndefined();
});
