import type { UdpTable } from '@kubecity/netlink';
import type { Logger } from 'pino';
import { ConntrackCare } from './conntrack-care.ts';
import { localAddresses } from './host/local-addresses.ts';
import type { Metrics } from './metrics.ts';
import { realClock } from './runner.ts';

/** Who deletes entries of UDP that lead astray, with kube-proxy's figures of it. */
export function openConntrackCare(udp: UdpTable, metrics: Metrics, log: Logger): ConntrackCare {
  return new ConntrackCare({
    udp,
    clock: realClock,
    log,
    metrics: {
      syncSeconds: (ip_family, seconds) => metrics.reconcilerSeconds.observe({ ip_family }, seconds),
      deleted: (ip_family, entries) => metrics.reconcilerDeleted.inc({ ip_family }, entries),
    },
    nodeAddresses: (family) => localAddresses(family),
  });
}
