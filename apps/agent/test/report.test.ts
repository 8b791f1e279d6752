import { RoutingTracker } from '@kubecity/routing';
import { expect, it } from 'vitest';
import { mergedReport } from '../src/rules/report.ts';
import { service, slice } from './rule-world.ts';

it('acknowledges with what was ended for each override, and the value of a ramp', () => {
  const tracker = new RoutingTracker();
  tracker.setTime(30_000);
  tracker.setService(service('cart', '10.96.0.9'));
  tracker.setEndpointSlice(slice('cart', '10.244.1.1', '10.244.1.2', '10.244.1.3'));
  const metadata = { namespace: 'shop', generation: 1, creationTimestamp: '1970-01-01T00:00:00Z' };
  const on = (address: string, wish: object) => ({ service: 'cart', backends: { addresses: [address] }, ...wish });
  tracker.setOverride({
    metadata: { ...metadata, name: 'drain', uid: 'd' },
    spec: on('10.244.1.1', { drain: { existing: 'cut' } }),
  });
  tracker.setOverride({
    metadata: { ...metadata, name: 'ramp', uid: 'r' },
    spec: on('10.244.1.2', { weight: 0, ramp: { from: 100, seconds: 60 } }),
  });
  const { table } = tracker.take();
  const states = new Map([['IPv4' as const, { acknowledged: table }]]);
  const cut = (uid: string) => (uid === 'd' ? { connections: 12, at: 29_000 } : undefined);
  const { acknowledged } = mergedReport(table, states, 30_000, cut, { mode: 'replace' });
  const told = { namespace: 'shop', generation: 1, state: 'applied' };
  expect(acknowledged).toEqual([
    { ...told, name: 'drain', uid: 'd', cut: { connections: 12, at: 29_000 } },
    { ...told, name: 'ramp', uid: 'r', value: 50 },
  ]);
});
