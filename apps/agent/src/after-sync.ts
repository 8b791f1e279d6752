import type { Family } from '@kubecity/routing';
import type { ConntrackCare } from './conntrack-care.ts';
import type { DirectoryNews } from './directory.ts';
import { localEndpoints, withoutLocalEndpoints } from './health/local-endpoints.ts';
import type { ServiceHealth } from './health/service-health.ts';
import { localAddresses } from './host/local-addresses.ts';
import type { Metrics } from './metrics.ts';
import type { PendingChanges } from './pending-changes.ts';
import type { Applied } from './rules/rule-loop.ts';
import type { RuleOptions } from './rules/rule-options.ts';

export interface AfterSyncOptions {
  readonly nodeName: string;
  readonly families: readonly Family[];
  readonly options: Pick<RuleOptions, 'of'>;
  readonly directory: Pick<DirectoryNews, 'setServicePorts'>;
  readonly care: Pick<ConntrackCare, 'synced' | 'forget'>;
  readonly serviceHealth: Pick<ServiceHealth, 'sync'>;
  readonly metrics: Pick<Metrics, 'noLocalEndpoints' | 'servicePorts' | 'problems'>;
  readonly pending: Pick<PendingChanges, 'synced'>;
  /** The own tables hold rules: what a former agent left in others may go. */
  readonly written: () => void;
  /** Node ports on loopback are guarded: they may be reached. */
  readonly openLoopback: () => void;
  /** Whether any service port has rules here. */
  readonly routes: (table: Applied['table']) => boolean;
  /** Service ports are known by their addresses. */
  readonly known: () => void;
}

/** What follows from a run that brought the kernel where it should be. */
export function afterSync(wiring: AfterSyncOptions): (applied: Applied) => void {
  const { options, directory, care, metrics, pending } = wiring;
  return (applied) => {
    const { table, mode } = applied;
    directory.setServicePorts(table, applied.changed);
    const acts = mode === 'steer' || mode === 'replace';
    if (acts) {
      wiring.written();
      care.synced({ ...applied, after: table });
    } else care.forget();
    tellHealth(applied, wiring);
    metrics.servicePorts.set(table.servicePorts.size);
    metrics.problems.set(table.problems.length);
    pending.synced();
    // Only now does the rule stand that keeps the neighbourhood out of 127.0.0.0/8.
    if (acts && options.of('IPv4').localhostNodePorts && wiring.routes(table)) wiring.openLoopback();
    // Only now: what an earlier dump saw could not be named.
    wiring.known();
  };
}

/** Health check node ports, and how many service ports have no endpoint here. */
function tellHealth({ table, mode }: Applied, wiring: AfterSyncOptions): void {
  const { nodeName, families, options, serviceHealth, metrics } = wiring;
  const ports = [...table.servicePorts.values()];
  const local = localEndpoints(ports, nodeName);
  const without = withoutLocalEndpoints(ports);
  for (const family of families) {
    const { nodePortAddresses } = options.of(family);
    const addresses = nodePortAddresses.length > 0 ? localAddresses(family, nodePortAddresses) : undefined;
    // In front of another Service proxy, load balancers ask that one.
    const asked = mode === 'replace' ? local[family] : new Map();
    void serviceHealth.sync(family, asked, addresses);
    metrics.noLocalEndpoints.set({ traffic_policy: 'internal', ip_family: family }, without[family].internal);
    metrics.noLocalEndpoints.set({ traffic_policy: 'external', ip_family: family }, without[family].external);
  }
}
