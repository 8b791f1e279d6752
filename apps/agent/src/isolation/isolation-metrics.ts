import { Counter, Gauge, type Registry } from 'prom-client';

/** Figures of what this node enforces; all 0 where it enforces nothing. */
export function isolationMetrics(registry: Registry) {
  const registers = [registry];
  return {
    policies: new Gauge({
      name: 'kubecity_isolation_policies',
      help: 'NetworkPolicies that close a pod of this node',
      registers,
    }),
    gates: new Gauge({
      name: 'kubecity_isolation_gates',
      help: 'Pods of this node that NetworkPolicies close, once for each direction',
      labelNames: ['direction'],
      registers,
    }),
    rules: new Gauge({
      name: 'kubecity_isolation_rules',
      help: 'Rules of isolation in the kernel, jumps included',
      labelNames: ['ip_family'],
      registers,
    }),
    sets: new Gauge({
      name: 'kubecity_isolation_sets',
      help: 'Sets of addresses of isolation in the kernel',
      labelNames: ['ip_family'],
      registers,
    }),
    lastSuccess: new Gauge({
      name: 'kubecity_isolation_last_success_timestamp_seconds',
      help: 'When the kernel was last found or made as NetworkPolicies say',
      labelNames: ['ip_family'],
      registers,
    }),
    packets: new Counter({
      name: 'kubecity_isolation_packets_total',
      help: 'First packets that gates of this node let through or refused',
      labelNames: ['direction', 'verdict'],
      registers,
    }),
    ended: new Counter({
      name: 'kubecity_isolation_ended_connections_total',
      help: 'Open connections that were ended because NetworkPolicies do not allow them any more',
      registers,
    }),
    failures: new Counter({
      name: 'kubecity_isolation_failures_total',
      help: 'Times the kernel could not be made as NetworkPolicies say',
      labelNames: ['ip_family'],
      registers,
    }),
    drift: new Counter({
      name: 'kubecity_isolation_drift_total',
      help: 'Times another hand had changed what isolation holds in the kernel',
      registers,
    }),
  };
}

export type IsolationMetrics = ReturnType<typeof isolationMetrics>;
