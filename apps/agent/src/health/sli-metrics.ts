import { Counter, Gauge, Registry } from 'prom-client';
import type { Checks } from './health-state.ts';

/**
 * Results of health checks, under the names that all components of Kubernetes use (component-base 1.36). As there, a
 * check is counted when somebody asks for health, and the registry is its own, so that it can be read more often.
 */
export class SliMetrics {
  readonly registry = new Registry();
  readonly #last = new Gauge({
    name: 'kubernetes_healthcheck',
    help: 'Last result of one health check: 1 = passed',
    labelNames: ['name', 'type'],
    registers: [this.registry],
  });
  readonly #total = new Counter({
    name: 'kubernetes_healthchecks_total',
    help: 'Results of health checks',
    labelNames: ['name', 'type', 'status'],
    registers: [this.registry],
  });

  observe(type: 'healthz' | 'livez', checks: Checks): void {
    for (const [name, fault] of Object.entries(checks)) {
      const passed = fault === undefined;
      this.#last.set({ name, type }, passed ? 1 : 0);
      this.#total.inc({ name, type, status: passed ? 'success' : 'error' });
    }
  }
}
