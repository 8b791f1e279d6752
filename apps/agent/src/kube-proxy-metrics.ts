import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const FAMILY = ['ip_family'] as const;
const SYNC_BUCKETS = Array.from({ length: 15 }, (_, k) => 0.001 * 2 ** k);
const steps = (first: number, step: number, count: number) => Array.from({ length: count }, (_, k) => first + k * step);
const PROGRAMMING_BUCKETS = [0.25, 0.5, ...steps(1, 1, 59), ...steps(60, 5, 12), ...steps(120, 30, 7)];

/**
 * kube-proxy's metrics (1.36) whose meaning is the same here, under its names and with its labels and buckets, so that
 * dashboards and alerts that know kube-proxy go on working. `ip_family` is IPv4 or IPv6.
 */
export function kubeProxyMetrics(registry: Registry) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `kubeproxy_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `kubeproxy_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `kubeproxy_${name}`, help, labelNames: FAMILY, buckets, registers });
  const sync = 'sync_proxy_rules';
  return {
    syncSeconds: histogram(`${sync}_duration_seconds`, 'Time of one sync, reading back included', SYNC_BUCKETS),
    fullSyncSeconds: histogram(
      'sync_full_proxy_rules_duration_seconds',
      'Time of one sync that compared with the whole kernel',
      SYNC_BUCKETS,
    ),
    partialSyncSeconds: histogram(
      'sync_partial_proxy_rules_duration_seconds',
      'Time of one sync that wrote only what changed',
      SYNC_BUCKETS,
    ),
    lastSync: gauge(`${sync}_last_timestamp_seconds`, 'When the kernel was last read back as wished', FAMILY),
    lastQueued: gauge(`${sync}_last_queued_timestamp_seconds`, 'When a change was last queued', FAMILY),
    networkProgrammingSeconds: histogram(
      'network_programming_duration_seconds',
      'From the change of an endpoint (its EndpointSlice says when) to the kernel that routes so',
      PROGRAMMING_BUCKETS,
    ),
    endpointChangesPending: gauge(
      `${sync}_endpoint_changes_pending`,
      'EndpointSlice changes not in the kernel yet',
      [],
    ),
    endpointChanges: counter(`${sync}_endpoint_changes_total`, 'EndpointSlice changes', []),
    serviceChangesPending: gauge(`${sync}_service_changes_pending`, 'Service changes not in the kernel yet', []),
    serviceChanges: counter(`${sync}_service_changes_total`, 'Service changes', []),
    noLocalEndpoints: gauge(
      `${sync}_no_local_endpoints_total`,
      'Service ports with policy Local (traffic_policy internal or external) and endpoints on other nodes only',
      ['traffic_policy', ...FAMILY],
    ),
    iptablesRules: gauge(`${sync}_iptables_total`, 'Rules of ours in the kernel', ['table', ...FAMILY]),
    iptablesWritten: gauge(`${sync}_iptables_last`, 'Rules written by the last sync', ['table', ...FAMILY]),
    failures: counter(`${sync}_iptables_restore_failures_total`, 'Syncs that failed', FAMILY),
    partialFailures: counter(
      `${sync}_iptables_partial_restore_failures_total`,
      'Syncs of only what changed that failed, and were followed by a comparison with the whole kernel',
      FAMILY,
    ),
    healthzTotal: counter('proxy_healthz_total', 'Answers of /healthz', ['code']),
    livezTotal: counter('proxy_livez_total', 'Answers of /livez', ['code']),
    reconcilerSeconds: histogram(
      'conntrack_reconciler_sync_duration_seconds',
      'Time to find and remove stale UDP entries of conntrack',
      SYNC_BUCKETS,
    ),
    reconcilerDeleted: counter('conntrack_reconciler_deleted_entries_total', 'Stale UDP entries removed', FAMILY),
  };
}
