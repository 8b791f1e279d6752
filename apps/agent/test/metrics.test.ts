import { expect, it } from 'vitest';
import { createMetrics } from '../src/metrics.ts';
import { IDLE } from './idle-figures.ts';

const SYNC_BUCKETS = [...Array(15).keys()].map((k) => 0.001 * 2 ** k);

it("has kube-proxy's names, types and labels", async () => {
  const { registry } = createMetrics(IDLE);
  const found = (await registry.getMetricsAsJSON()).map(({ name, type }) => `${name} ${type}`);
  expect(found.filter((name) => name.startsWith('kubeproxy_')).sort()).toEqual([
    'kubeproxy_conntrack_reconciler_deleted_entries_total counter',
    'kubeproxy_conntrack_reconciler_sync_duration_seconds histogram',
    'kubeproxy_network_programming_duration_seconds histogram',
    'kubeproxy_proxy_healthz_total counter',
    'kubeproxy_proxy_livez_total counter',
    'kubeproxy_sync_full_proxy_rules_duration_seconds histogram',
    'kubeproxy_sync_partial_proxy_rules_duration_seconds histogram',
    'kubeproxy_sync_proxy_rules_duration_seconds histogram',
    'kubeproxy_sync_proxy_rules_endpoint_changes_pending gauge',
    'kubeproxy_sync_proxy_rules_endpoint_changes_total counter',
    'kubeproxy_sync_proxy_rules_iptables_last gauge',
    'kubeproxy_sync_proxy_rules_iptables_partial_restore_failures_total counter',
    'kubeproxy_sync_proxy_rules_iptables_restore_failures_total counter',
    'kubeproxy_sync_proxy_rules_iptables_total gauge',
    'kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds gauge',
    'kubeproxy_sync_proxy_rules_last_timestamp_seconds gauge',
    'kubeproxy_sync_proxy_rules_no_local_endpoints_total gauge',
    'kubeproxy_sync_proxy_rules_service_changes_pending gauge',
    'kubeproxy_sync_proxy_rules_service_changes_total counter',
  ]);
});

it('measures with the buckets of kube-proxy', async () => {
  const metrics = createMetrics(IDLE);
  metrics.syncSeconds.observe({ ip_family: 'IPv4' }, 0.003);
  metrics.networkProgrammingSeconds.observe({ ip_family: 'IPv6' }, 90);
  const text = await metrics.registry.metrics();
  const bounds = (name: string) =>
    [...text.matchAll(new RegExp(`^kubeproxy_${name}_bucket\\{le="([0-9.e-]+)"`, 'gm'))].map(([, le]) => Number(le));
  expect(bounds('sync_proxy_rules_duration_seconds')).toEqual(SYNC_BUCKETS);
  const programming = bounds('network_programming_duration_seconds');
  expect(programming.slice(0, 4)).toEqual([0.25, 0.5, 1, 2]);
  expect(programming.slice(60, 64)).toEqual([59, 60, 65, 70]);
  expect(programming.slice(-8)).toEqual([115, 120, 150, 180, 210, 240, 270, 300]);
  expect(programming).toHaveLength(2 + 59 + 12 + 7);
});
