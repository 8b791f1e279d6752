import type { Family } from '@kubecity/routing';

/** What kube-proxy, and our agent like it, tells of its syncs under `/metrics`; names are stable since v1.19. */
export interface RouterFigures {
  readonly syncs: number;
  /** All that its syncs took together. */
  readonly seconds: number;
  /** Unix seconds: end of the last sync that succeeded, and when one was last asked for; 0 before the first. */
  readonly ended: number;
  readonly queued: number;
  /** Changes that no sync has taken up yet. */
  readonly pending: number;
  readonly failures: number;
  /** In the kernel after the last sync. */
  readonly rules: number;
}

/**
 * Sums over the families and the latest of times. Where a version does not tell families apart, everything counts.
 * @param without a family whose figures do not count
 */
export function readFigures(text: string, without?: Family): RouterFigures {
  const values = (name: string) =>
    [...text.matchAll(new RegExp(`^kubeproxy_sync_proxy_rules_${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))]
      .filter(([, labels = '']) => without === undefined || !labels.includes(`"${without}"`))
      .map(([, , value]) => Number(value));
  const sum = (name: string) => values(name).reduce((total, value) => total + value, 0);
  return {
    syncs: sum('duration_seconds_count'),
    seconds: sum('duration_seconds_sum'),
    ended: Math.max(0, ...values('last_timestamp_seconds')),
    queued: Math.max(0, ...values('last_queued_timestamp_seconds')),
    pending: sum('endpoint_changes_pending') + sum('service_changes_pending'),
    failures: sum('iptables_restore_failures_total'),
    rules: sum('iptables_total'),
  };
}
