import { Counter, Gauge, type Registry } from 'prom-client';

/** Of routes to other nodes' pods. */
export function routeMetrics(registry: Registry) {
  const registers = [registry];
  return {
    peers: new Gauge({
      name: 'kubecity_routes_peers',
      help: 'Pod ranges of other nodes by how they are reached: direct, vxlan, or none',
      labelNames: ['via'],
      registers,
    }),
    wanted: new Gauge({ name: 'kubecity_routes_wanted', help: 'Routes that we want to keep', registers }),
    present: new Gauge({ name: 'kubecity_routes_present', help: 'Routes of ours in the kernel', registers }),
    steps: new Counter({
      name: 'kubecity_routes_steps_total',
      help: 'Routes, devices and entries of them that were added or changed, removed, or refused by the kernel',
      labelNames: ['act'],
      registers,
    }),
    repairs: new Counter({
      name: 'kubecity_routes_repairs_total',
      help: 'Times that something of ours had been changed by another hand or lost, and was mended',
      registers,
    }),
    failed: new Counter({
      name: 'kubecity_routes_failures_total',
      help: 'Compares after which something was not as it should be, to be tried again',
      registers,
    }),
    compared: new Gauge({
      name: 'kubecity_routes_last_compare_timestamp_seconds',
      help: 'When the kernel was last read and compared with what it should hold',
      registers,
    }),
    seconds: new Counter({
      name: 'kubecity_routes_compare_seconds_total',
      help: 'Time that compares took, writing included',
      registers,
    }),
  };
}
export type RouteMetrics = ReturnType<typeof routeMetrics>;
