import { Registry } from 'prom-client';
import { expect, it, vi } from 'vitest';
import { type AccountingFigures, accountingMetrics } from '../../src/accounting/accounting-metrics.ts';
import type { AccountingTotals, ServicePortTotals } from '../../src/accounting/messages.ts';

const table: AccountingTotals['table'] = {
  ...{ entries: 70, max: 100, insertFailed: 1, dropped: 2, earlyDropped: 3, withoutCounters: 4, lostDumps: 5 },
  ...{ lostEvents: 6, endedUnseen: 7, elsewhere: 8, unexplained: 9, folded: 10 },
  ...{ dumpMilliseconds: 250, periodMilliseconds: 1500 },
};
const totals: AccountingTotals = {
  ...{ at: 10_000, dumps: 11, edges: 12, flows: 13, table, malformed: 14, residentBytes: 15, cpuMilliseconds: 1600 },
};
const cart: ServicePortTotals = {
  ...{
    servicePort: 'shop/cart:http/TCP',
    opened: 1,
    refused: 2,
    unanswered: 3,
    packetsToBackend: 4,
    bytesToBackend: 5,
  },
  ...{ packetsToClient: 6, bytesToClient: 7, moving: 8, idle: 9, closing: 10, waiting: 11 },
};

async function scrape(registry: Registry): Promise<Record<string, number>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice('kubecity_'.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  );
}

function start(more: Partial<AccountingFigures> = {}) {
  const registry = new Registry();
  const servicePorts = vi.fn<AccountingFigures['servicePorts']>(async () => [cart]);
  accountingMetrics(registry, { totals: () => totals, servicePorts, deaths: () => 2, now: () => 12_500, ...more });
  return { registry, servicePorts };
}

it('tells the figures of the table and of accounting itself', async () => {
  const { registry } = start();
  expect(await scrape(registry)).toMatchObject({
    ...{ accounting_table_entries: 70, accounting_table_max_entries: 100, accounting_insert_failed_total: 1 },
    ...{ accounting_dropped_total: 2, accounting_early_dropped_total: 3, accounting_flows_without_counters: 4 },
    ...{ accounting_lost_dumps_total: 5, accounting_lost_events_total: 6, accounting_ended_unseen_total: 7 },
    ...{ accounting_flows_elsewhere: 8, accounting_flows_unexplained: 9, accounting_flows_folded: 10 },
    ...{ accounting_dump_seconds: 0.25, accounting_period_seconds: 1.5, accounting_dumps_total: 11 },
    ...{ edges: 12, flows: 13, accounting_malformed_total: 14, accounting_resident_bytes: 15 },
    ...{ accounting_cpu_seconds_total: 1.6, accounting_age_seconds: 2.5, accounting_deaths_total: 2 },
  });
});

it('tells each service port by its parts, all of one moment', async () => {
  const { registry, servicePorts } = start();
  const found = await scrape(registry);
  const port = 'service_port="shop/cart:http/TCP"';
  expect(Object.entries(found).filter(([name]) => name.includes(port))).toEqual([
    [`traffic_connections_opened_total{${port}}`, 1],
    [`traffic_connections_refused_total{${port}}`, 2],
    [`traffic_connections_unanswered_total{${port}}`, 3],
    [`traffic_bytes_total{${port},direction="to_backend"}`, 5],
    [`traffic_bytes_total{${port},direction="to_client"}`, 7],
    [`traffic_packets_total{${port},direction="to_backend"}`, 4],
    [`traffic_packets_total{${port},direction="to_client"}`, 6],
    [`traffic_open_connections{${port},state="moving"}`, 8],
    [`traffic_open_connections{${port},state="idle"}`, 9],
    [`traffic_open_connections{${port},state="closing"}`, 10],
    [`traffic_open_connections{${port},state="waiting"}`, 11],
  ]);
  expect(servicePorts).toHaveBeenCalledTimes(1);
  expect(await scrape(registry), 'a second scrape tells the same, not twice as much').toEqual(found);
});

it('keeps what it told of service ports while nobody can say; before the first dump there is nothing', async () => {
  const { registry, servicePorts } = start();
  const found = await scrape(registry);
  servicePorts.mockResolvedValue(undefined);
  expect(await scrape(registry)).toEqual(found);
  const idle = await scrape(start({ totals: () => undefined, servicePorts: async () => undefined }).registry);
  expect(idle).toEqual({ accounting_deaths_total: 2 });
});
