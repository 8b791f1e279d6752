import { Counter, Gauge, type Registry } from 'prom-client';
import type { Accounting } from './accounting.ts';
import type { AccountingTotals, ServicePortTotals } from './messages.ts';

/** Figures that accounting holds; read at each scrape. */
export interface AccountingFigures {
  /** Of the last dump; undefined before the first. */
  totals(): AccountingTotals | undefined;
  /** Undefined when they cannot be had now. */
  servicePorts(): Promise<readonly ServicePortTotals[] | undefined>;
  deaths(): number;
  /** Unix ms. */
  now(): number;
}

type Table = AccountingTotals['table'];

/** Name and help of each figure of the table; those that only grow end in `_total`. */
const TABLE: readonly (readonly [name: string, help: string, read: (table: Table) => number])[] = [
  ['accounting_table_entries', 'Entries of the connection table', (table) => table.entries],
  [
    'accounting_table_max_entries',
    'How many entries the connection table may hold; 0 = no limit',
    (table) => table.max,
  ],
  ['accounting_insert_failed_total', 'Entries the kernel could not insert', (table) => table.insertFailed],
  ['accounting_dropped_total', 'Packets dropped for want of an entry', (table) => table.dropped],
  ['accounting_early_dropped_total', 'Entries evicted because the table was full', (table) => table.earlyDropped],
  ['accounting_lost_dumps_total', 'Dumps that were cut short or failed', (table) => table.lostDumps],
  [
    'accounting_lost_events_total',
    'Times at which refused connections may have been missed',
    (table) => table.lostEvents,
  ],
  ['accounting_ended_unseen_total', 'Flows whose final figures were not seen', (table) => table.endedUnseen],
  [
    'accounting_flows_without_counters',
    'Flows of the last dump without packet and byte counters',
    (table) => table.withoutCounters,
  ],
  [
    'accounting_flows_elsewhere',
    'Flows of the last dump that belong to no edge of this node',
    (table) => table.elsewhere,
  ],
  [
    'accounting_flows_unexplained',
    'Of those, translated to where no Service or pod explains it',
    (table) => table.unexplained,
  ],
  ['accounting_flows_folded', 'Connections summed under other clients for want of room', (table) => table.folded],
  ['accounting_dump_seconds', 'How long the last dump took', (table) => table.dumpMilliseconds / 1000],
  ['accounting_period_seconds', 'From one dump to the next, at present', (table) => table.periodMilliseconds / 1000],
];

/** Names are those that the hub has, too, where the meaning is the same; there they are sums over the nodes. */
export function accountingMetrics(registry: Registry, live: AccountingFigures): void {
  const registers = [registry];
  const figure = (rest: string, help: string, read: (totals: AccountingTotals) => number) => {
    const name = `kubecity_${rest}`;
    const kind = rest.endsWith('_total') ? Counter : Gauge;
    new kind({
      name,
      help,
      registers,
      collect() {
        const totals = live.totals();
        // Absent, not 0, while nobody knows.
        this.remove();
        if (totals) this.inc(read(totals));
      },
    });
  };
  for (const [rest, help, read] of TABLE) figure(rest, help, ({ table }) => read(table));
  figure('edges', 'Edges with traffic that are remembered', ({ edges }) => edges);
  figure('flows', 'Connections that are remembered', ({ flows }) => flows);
  figure('accounting_dumps_total', 'Dumps of the connection table', ({ dumps }) => dumps);
  figure('accounting_malformed_total', 'Rows and messages that could not be read', ({ malformed }) => malformed);
  figure(
    'accounting_cpu_seconds_total',
    'CPU time of reading connections',
    ({ cpuMilliseconds }) => cpuMilliseconds / 1000,
  );
  figure(
    'accounting_resident_bytes',
    'Memory of the process that reads connections',
    ({ residentBytes }) => residentBytes,
  );
  figure('accounting_age_seconds', 'Age of the figures: since the last dump began', ({ at }) =>
    Math.max(0, (live.now() - at) / 1000),
  );
  new Counter({
    name: 'kubecity_accounting_deaths_total',
    help: 'Processes that read connections and died',
    registers,
    collect() {
      this.reset();
      this.inc(live.deaths());
    },
  });
  servicePortMetrics(registry, live);
}

/** Counters with the labels that tell their parts apart. */
const COUNTERS = [
  ['traffic_connections_opened_total', 'Connections opened', [['opened', {}]]],
  ['traffic_connections_refused_total', 'Connections whose first packet was answered with RST', [['refused', {}]]],
  ['traffic_connections_unanswered_total', 'Connections whose first packet was never answered', [['unanswered', {}]]],
  [
    'traffic_bytes_total',
    'Bytes of IP packets',
    [
      ['bytesToBackend', { direction: 'to_backend' }],
      ['bytesToClient', { direction: 'to_client' }],
    ],
  ],
  [
    'traffic_packets_total',
    'Packets',
    [
      ['packetsToBackend', { direction: 'to_backend' }],
      ['packetsToClient', { direction: 'to_client' }],
    ],
  ],
  [
    'traffic_open_connections',
    'Connections by what they do',
    [
      ['moving', { state: 'moving' }],
      ['idle', { state: 'idle' }],
      ['closing', { state: 'closing' }],
      ['waiting', { state: 'waiting' }],
    ],
  ],
] as const satisfies readonly (readonly [
  string,
  string,
  readonly (readonly [keyof ServicePortTotals, Readonly<Record<string, string>>])[],
])[];

/** At most 1,000 service ports and `direct`, the rest is `other` (see `ServiceTotals`). */
function servicePortMetrics(registry: Registry, live: AccountingFigures): void {
  const read = oncePerScrape(() => live.servicePorts());
  for (const [rest, help, parts] of COUNTERS) {
    const kind = rest.endsWith('_total') ? Counter<string> : Gauge<string>;
    new kind({
      name: `kubecity_${rest}`,
      help: `${help}, per service port`,
      labelNames: ['service_port', ...Object.keys(parts[0][1])],
      registers: [registry],
      async collect() {
        const servicePorts = await read();
        // What cannot be had is left as it was: a counter that vanishes and comes back is worse than an old one.
        if (!servicePorts) return;
        this.reset();
        for (const totals of servicePorts) {
          for (const [figure, labels] of parts)
            this.inc({ service_port: totals.servicePort, ...labels }, totals[figure]);
        }
      },
    });
  }
}

/** All metrics of one scrape tell of the same moment. */
function oncePerScrape<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= read().finally(() => {
      running = undefined;
    });
    return running;
  };
}

/** Prometheus waits 10 s for a scrape. */
const SCRAPE_MS = 8_000;

export function figuresOf(accounting: Accounting): AccountingFigures {
  return {
    totals: () => accounting.totals,
    servicePorts: async () => {
      const answer = await accounting.ask({ kind: 'servicePorts' }, SCRAPE_MS);
      return answer.kind === 'servicePorts' ? answer.servicePorts : undefined;
    },
    deaths: () => accounting.deaths,
    now: Date.now,
  };
}
