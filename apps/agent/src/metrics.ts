import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type AccountingFigures, accountingMetrics } from './accounting/accounting-metrics.ts';
import { MODES, type Mode } from './config/mode.ts';
import { SliMetrics } from './health/sli-metrics.ts';
import { isolationMetrics } from './isolation/isolation-metrics.ts';
import { kubeProxyMetrics } from './kube-proxy-metrics.ts';
import { routeMetrics } from './routes/route-metrics.ts';

/** Figures that others hold; read at each scrape. */
export interface LiveFigures {
  readonly accounting: AccountingFigures;
  hubConnected(): boolean;
  /** Whether the kernel counts packets and bytes of connections. */
  counting(): boolean;
  /** Carried out. */
  mode(): Mode | undefined;
  /** Milliseconds since the lease of the rules was renewed; undefined while there is none. */
  leaseAge(): number | undefined;
}

/** kube-proxy's names where the meaning is the same; what only Kubecity knows starts with kubecity_. */
export function createMetrics(live: LiveFigures) {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  accountingMetrics(registry, live.accounting);
  const registers = [registry];
  return {
    registry,
    ...kubeProxyMetrics(registry),
    slis: new SliMetrics(),
    routes: routeMetrics(registry),
    isolation: isolationMetrics(registry),
    rules: new Gauge({
      name: 'kubecity_rules',
      help: 'Rules of ours in the kernel, jumps included',
      labelNames: ['ip_family'],
      registers,
    }),
    chains: new Gauge({
      name: 'kubecity_chains',
      help: 'Chains of ours in the kernel',
      labelNames: ['ip_family'],
      registers,
    }),
    servicePorts: new Gauge({ name: 'kubecity_service_ports', help: 'Service ports that are routed', registers }),
    chainsWritten: new Counter({
      name: 'kubecity_chains_written_total',
      help: 'Chains rewritten or removed',
      registers,
    }),
    drift: new Counter({ name: 'kubecity_drift_total', help: 'Times the kernel was not as we had left it', registers }),
    drainCut: new Counter({
      name: 'kubecity_agent_drain_cut_connections_total',
      help: 'Connections ended for drains, because their policy says so or their deadline was over',
      labelNames: ['reason'],
      registers,
    }),
    problems: new Gauge({
      name: 'kubecity_object_problems',
      help: 'Faults in Services, slices and overrides',
      registers,
    }),
    counting: new Gauge({
      name: 'kubecity_accounting_counters',
      help: '1 while the kernel counts packets and bytes of connections (nf_conntrack_acct)',
      registers,
      collect() {
        this.set(live.counting() ? 1 : 0);
      },
    }),
    mode: new Gauge({
      name: 'kubecity_mode',
      help: '1 for the mode that is carried out on this node',
      labelNames: ['mode'],
      registers,
      collect() {
        for (const mode of MODES) this.set({ mode }, live.mode() === mode ? 1 : 0);
      },
    }),
    leaseAge: new Gauge({
      name: 'kubecity_lease_age_seconds',
      help: 'Since the lease of the rules was renewed for the family that waits longest (mode steer)',
      registers,
      collect() {
        const age = live.leaseAge();
        if (age === undefined) this.remove();
        else this.set(age / 1000);
      },
    }),
    apiLive: new Gauge({
      name: 'kubecity_api_watch_live',
      help: '1 while the watch of this resource runs',
      labelNames: ['resource'],
      registers,
    }),
    hubConnected: new Gauge({
      name: 'kubecity_hub_connected',
      help: '1 while the stream to the dashboard is up',
      registers,
      collect() {
        this.set(live.hubConnected() ? 1 : 0);
      },
    }),
  };
}
export type Metrics = ReturnType<typeof createMetrics>;
