import {
  Doors,
  isStale,
  mayLeaveStale,
  type PackedAddress,
  packAddress,
  type StaleRules,
  servingBackends,
  type UdpEntry,
} from '@kubecity/conntrack';
import type { UdpTable } from '@kubecity/netlink';
import type { Family, RoutingTable, ServicePort, ServicePortId } from '@kubecity/routing';
import type { Logger } from 'pino';
import { BoundedRunner, type Clock } from './runner.ts';

export interface ConntrackCareOptions {
  readonly udp: UdpTable;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly metrics: ConntrackCareMetrics;
  /** The addresses at which this node opens node ports, as of now; canonical text. */
  readonly nodeAddresses: (family: Family) => Iterable<string>;
  /** A pass takes place at least this often while there are UDP service ports. */
  readonly everyMs?: number;
}

/** Called for each pass over one family. */
export interface ConntrackCareMetrics {
  syncSeconds(family: Family, seconds: number): void;
  deleted(family: Family, entries: number): void;
}

/** What one successful sync did. */
export interface SyncedTables {
  /** The table before; absent at the first sync of this process. */
  readonly before?: RoutingTable;
  readonly after: RoutingTable;
  /** Service ports that differ; absent = look at all. */
  readonly changed?: Iterable<ServicePortId>;
}

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];
const EVERY_MS = 300_000;
const LEAST_PAUSE_MS = 1_000;
const RETRY_MS = { first: 1_000, most: 60_000 };
/** Former service ports kept for a pass that does not succeed; beyond it the oldest are forgotten. */
const FORMER_LIMIT = 10_000;

/**
 * Deletes UDP connection tracking entries that lead where their Service no longer does: after each sync that may have left
 * some, and now and then as a safety net. Rules never wait for it. It remembers the doors that a change closed until a
 * pass has succeeded; what changed while no agent ran is known only as far as today's doors tell.
 */
export class ConntrackCare {
  readonly #options: ConntrackCareOptions;
  readonly #runner: BoundedRunner;
  /** Service ports as they were before changes that no pass has followed yet, oldest first. */
  readonly #former: Record<Family, ServicePort[]> = { IPv4: [], IPv6: [] };
  readonly #due = new Set<Family>();
  #table: RoutingTable | undefined;
  /** A table whose rules may be in the kernel already. */
  #coming: RoutingTable | undefined;
  /** Grows with each word about tables. */
  #version = 0;

  constructor(options: ConntrackCareOptions) {
    this.#options = options;
    this.#runner = new BoundedRunner({
      run: () => this.#run(),
      minMs: () => LEAST_PAUSE_MS,
      maxMs: options.everyMs ?? EVERY_MS,
      retryMs: (failures) => Math.min(RETRY_MS.first * 2 ** (failures - 1), RETRY_MS.most),
      onError: (err, failures) => options.log.warn({ err, failures }, 'stale UDP entries may be left; trying again'),
      clock: options.clock,
    });
  }

  /** To be told before the rules of a table are written: flows to its endpoints may begin before the sync is over. */
  writing(table: RoutingTable): void {
    this.#coming = table;
    this.#version++;
  }

  /** To be told after a successful sync. */
  synced({ before, after, changed }: SyncedTables): void {
    const first = this.#table === undefined;
    this.#table = after;
    this.#coming = undefined;
    this.#version++;
    const ids = changed ?? new Set([...(before?.servicePorts.keys() ?? []), ...after.servicePorts.keys()]);
    for (const id of ids) this.#compare(before?.servicePorts.get(id), after.servicePorts.get(id), first);
    if (first || this.#due.size > 0) this.#runner.request();
  }

  /** Nothing here is ours to look after: another Service proxy does, or nobody. */
  forget(): void {
    this.#table = undefined;
    this.#coming = undefined;
    this.#version++;
    this.#due.clear();
    for (const family of FAMILIES) this.#former[family].length = 0;
  }

  /** No further pass starts; resolves when the current one has ended. */
  stop(): Promise<void> {
    return this.#runner.stop();
  }

  #compare(before: ServicePort | undefined, after: ServicePort | undefined, first: boolean): void {
    const either = after ?? before;
    if (either?.protocol !== 'UDP' || !(first || mayLeaveStale(before, after))) return;
    this.#due.add(either.family);
    if (!before) return;
    const former = this.#former[either.family];
    former.push(before);
    if (former.length > FORMER_LIMIT) former.shift();
  }

  async #run(): Promise<void> {
    // Nothing asked for it: this is the safety net.
    const families = this.#due.size > 0 ? [...this.#due] : FAMILIES;
    const failures: Error[] = [];
    for (const family of families) {
      try {
        await this.#pass(family);
      } catch (cause) {
        this.#due.add(family);
        failures.push(new Error(`${family}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join('; '));
  }

  async #pass(family: Family): Promise<void> {
    const { udp, clock, metrics, log } = this.#options;
    this.#due.delete(family);
    const former = [...this.#former[family]];
    if (former.length === 0 && !this.#ports(family).some(() => true)) return;
    const start = clock.now();
    const version = this.#version;
    const rules = this.#rules(family);
    const { entries, seen, interrupted } = await udp.select(family, (flow) => isStale(flow, rules));
    const stale = version === this.#version ? entries : this.#stillStale(family, entries);
    const { deleted, missing } = await udp.delete(stale);
    metrics.syncSeconds(family, (clock.now() - start) / 1000);
    metrics.deleted(family, deleted);
    if (deleted > 0) log.info({ family, deleted, missing, seen }, 'stale UDP entries deleted');
    if (interrupted) throw new Error('the table changed while it was read; some entries may not have been seen');
    const done = new Set(former);
    this.#former[family] = this.#former[family].filter((servicePort) => !done.has(servicePort));
  }

  /** The dump took its time: what a sync brought in meanwhile is right. */
  #stillStale(family: Family, entries: readonly UdpEntry[]): UdpEntry[] {
    const rules = this.#rules(family);
    return entries.filter((entry) => isStale(entry, rules));
  }

  #rules(family: Family): StaleRules {
    const current = new Doors();
    for (const servicePort of this.#ports(family)) current.add(servicePort, servingBackends(servicePort));
    const former = new Doors();
    for (const servicePort of this.#former[family]) former.add(servicePort, servicePort.backends);
    const nodeAddresses = new Set<PackedAddress>();
    for (const address of this.#options.nodeAddresses(family)) nodeAddresses.add(packAddress(address));
    return { current, former, nodeAddresses };
  }

  /** UDP service ports of the kernel's rules, and of those that may be there already. */
  #ports(family: Family): ServicePort[] {
    return [this.#table, this.#coming].flatMap((table) =>
      [...(table?.servicePorts.values() ?? [])].filter(
        (servicePort) => servicePort.protocol === 'UDP' && servicePort.family === family,
      ),
    );
  }
}
