import type { Family } from '@kubecity/routing';
import type { Metrics } from '../metrics.ts';
import type { SyncResult } from './rule-sync.ts';

/** @param start, end Unix milliseconds */
export function measure(
  metrics: Metrics,
  ip_family: Family,
  { size, wrote, full, byTable }: SyncResult,
  start: number,
  end: number,
): void {
  const seconds = (end - start) / 1000;
  metrics.syncSeconds.observe({ ip_family }, seconds);
  (full ? metrics.fullSyncSeconds : metrics.partialSyncSeconds).observe({ ip_family }, seconds);
  metrics.lastSync.set({ ip_family }, end / 1000);
  metrics.rules.set({ ip_family }, size.rules);
  metrics.chains.set({ ip_family }, size.chains);
  metrics.chainsWritten.inc(wrote.chains);
  for (const table of ['nat', 'filter'] as const) {
    metrics.iptablesRules.set({ table, ip_family }, byTable[table].rules);
    metrics.iptablesWritten.set({ table, ip_family }, byTable[table].written);
  }
}
