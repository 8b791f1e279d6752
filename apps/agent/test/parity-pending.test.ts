import { expect, it } from 'vitest';
import { createMetrics } from '../src/metrics.ts';
import { PendingChanges } from '../src/pending-changes.ts';
import { IDLE } from './idle-figures.ts';

it('changes are pending until a sync that began after them has succeeded', async () => {
  const metrics = createMetrics(IDLE);
  const changes = new PendingChanges(metrics);
  const value = async (kind: 'service' | 'endpoint', what: 'pending' | 'total') =>
    (await metrics.registry.getSingleMetric(`kubeproxy_sync_proxy_rules_${kind}_changes_${what}`)?.get())?.values[0]
      ?.value;
  changes.add('service');
  changes.add('endpointSlice');
  changes.syncing();
  changes.add('endpointSlice');
  // That sync fails, and so does the next: the Service still waits.
  changes.syncing();
  expect([await value('service', 'pending'), await value('endpoint', 'pending')]).toEqual([1, 2]);
  changes.add('endpointSlice');
  changes.synced();
  expect([await value('service', 'pending'), await value('endpoint', 'pending')]).toEqual([0, 1]);
  expect([await value('service', 'total'), await value('endpoint', 'total')]).toEqual([1, 3]);
});
