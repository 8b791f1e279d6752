import type { Logger } from 'pino';
import type { AgentConfig } from '../config/agent-config.ts';
import { type MetricsDoors, serveHealth, serveMetrics } from './health-server.ts';
import type { KeptListener } from './listener.ts';

export type ListenerName = 'healthListenerFailed' | 'metricsListenerFailed';

/** Opens those listeners that the configuration names. An address that cannot be had is told, and ends the start or is tried again, as configured. */
export async function openListeners(
  { health, metrics, bindAddressHardFail }: Pick<AgentConfig, 'health' | 'metrics' | 'bindAddressHardFail'>,
  doors: MetricsDoors,
  log: Pick<Logger, 'error'>,
  failed: (listener: ListenerName, error: Error) => void,
): Promise<KeptListener[]> {
  const keep = (listener: ListenerName) => ({
    hardFail: bindAddressHardFail,
    failed: (err: Error) => {
      log.error({ err, listener }, 'cannot listen');
      failed(listener, err);
    },
  });
  const { state, counters } = doors;
  const opened: KeptListener[] = [];
  if (health) opened.push(await serveHealth(health, state, counters, keep('healthListenerFailed')));
  if (metrics) opened.push(await serveMetrics(metrics, doors, keep('metricsListenerFailed')));
  return opened;
}
