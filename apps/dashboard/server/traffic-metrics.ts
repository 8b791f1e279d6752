import type { CityRecord } from '@kubecity/protocol';
import { Counter, Gauge, type Metric, type Registry } from 'prom-client';
import type { CityModel } from './city-model.ts';
import { FIGURE } from './traffic/figures.ts';

/** The service ports beyond the bound together; no key of a service port is without a colon. */
export const OTHER_PORTS = 'other';
/** What goes past every Service, to pods themselves. */
export const DIRECT = 'direct';
/** Nodes that are told of one by one. */
const MOST_NODES = 1000;
const OPEN_STATES = ['moving', 'idle', 'closing', 'waiting'] as const;

type Conntrack = NonNullable<CityRecord<'node'>['agent']['conntrack']>;

/** Everything that `/metrics` says of the traffic, copied in one moment: the one that the frames of the same tick tell of. */
interface Moment {
  /** Unix milliseconds by the hub's clock. */
  readonly at: number;
  readonly ports: ReadonlyMap<string, Float64Array>;
  readonly nodes: ReadonlyMap<string, { readonly age: number; readonly table: Conntrack }>;
}

/** Adds the traffic to a registry. Returns what is to be called after each refresh of the model. */
export function trafficMetrics(registry: Registry, model: CityModel): (now: number) => void {
  let moment: Moment = { at: 0, ports: new Map(), nodes: new Map() };
  const registers = [registry];

  const counter = (name: string, help: string, labelNames: string[], fill: (self: Counter) => void) =>
    new Counter({ name: `kubecity_${name}`, help, labelNames, registers, collect: refilled(fill) });
  const gauge = (name: string, help: string, labelNames: string[], fill: (self: Gauge) => void) =>
    new Gauge({ name: `kubecity_${name}`, help, labelNames, registers, collect: refilled(fill) });

  gauge('traffic_moment_seconds', 'Unix time of the moment of all figures of the traffic.', [], (self) => {
    if (moment.at > 0) self.set(moment.at / 1000);
  });
  for (const name of ['opened', 'refused', 'unanswered'] as const) {
    counter(`traffic_connections_${name}_total`, CONNECTIONS_HELP[name], ['service_port'], (self) => {
      for (const [port, row] of moment.ports) self.inc({ service_port: port }, row[FIGURE[name]] ?? 0);
    });
  }
  for (const [unit, toBackend, toClient] of UNITS) {
    const help = `IP ${unit} of all connections since the hub's start.`;
    counter(`traffic_${unit}_total`, help, ['service_port', 'direction'], (self) => {
      for (const [port, row] of moment.ports) {
        self.inc({ service_port: port, direction: 'to_backend' }, row[toBackend] ?? 0);
        self.inc({ service_port: port, direction: 'to_client' }, row[toClient] ?? 0);
      }
    });
  }
  gauge('traffic_open_connections', 'Connections open now, by what they do.', ['service_port', 'state'], (self) => {
    for (const [port, row] of moment.ports) {
      for (const state of OPEN_STATES) self.set({ service_port: port, state }, row[FIGURE[state]] ?? 0);
    }
  });
  for (const [name, help, read] of NODE_GAUGES) {
    gauge(`accounting_${name}`, help, ['node'], (self) => {
      for (const [node, { age, table }] of moment.nodes) self.set({ node }, read(table, age));
    });
  }
  for (const [name, help, read] of NODE_COUNTERS) {
    counter(`accounting_${name}_total`, help, ['node'], (self) => {
      for (const [node, { table }] of moment.nodes) self.inc({ node }, read(table));
    });
  }

  return (now) => {
    moment = { at: now, ports: portsOf(model), nodes: nodesOf(model, now) };
  };
}

const CONNECTIONS_HELP = {
  opened: "Connections opened since the hub's start.",
  refused: "First packets that the backend answered with a reset, since the hub's start.",
  unanswered: "First packets that nobody had answered when they expired, since the hub's start.",
} as const;

const UNITS = [
  ['bytes', FIGURE.bytesToBackend, FIGURE.bytesToClient],
  ['packets', FIGURE.packetsToBackend, FIGURE.packetsToClient],
] as const;

const NODE_GAUGES: readonly (readonly [string, string, (table: Conntrack, age: number) => number])[] = [
  ['age_seconds', "Time since the node's last frame.", (_table, age) => age],
  ['period_seconds', 'Time from one dump of the node to the next.', (table) => table.periodMilliseconds / 1000],
  ['table_entries', "Entries of the node's connection table.", (table) => table.entries],
  ['table_max_entries', "Most entries of the node's connection table; 0 = no limit.", (table) => table.max],
  [
    'flows_without_counters',
    'Flows whose packets and bytes the kernel does not count.',
    (table) => table.withoutCounters,
  ],
  ['flows_unexplained', 'Translated flows that no Service or pod explains.', (table) => table.unexplained],
  ['edges_folded', 'Edges beyond the bound of the node, summed under other.', (table) => table.folded],
];

/** Since the agent's start, so they begin again with it. */
const NODE_COUNTERS: readonly (readonly [string, string, (table: Conntrack) => number])[] = [
  ['lost_dumps', 'Dumps that were cut short or failed.', (table) => table.lostDumps],
  ['lost_events', 'Times at which refused connections may have been missed.', (table) => table.lostEvents],
  ['ended_unseen', 'Flows that ended without their final figures having been seen.', (table) => table.endedUnseen],
  ['insert_failed', 'Entries that the kernel could not insert.', (table) => table.insertFailed],
  ['dropped', 'Packets that the kernel dropped for want of an entry.', (table) => table.dropped],
  ['early_dropped', 'Entries that the kernel evicted to make room.', (table) => table.earlyDropped],
];

/** prom-client counts up; these counters are kept elsewhere and copied at each reading. */
function refilled<M extends Metric>(fill: (self: M) => void): (this: M) => void {
  return function collect() {
    this.reset();
    fill(this);
  };
}

function portsOf(model: CityModel): Map<string, Float64Array> {
  const { ports, other } = model.traffic.ports.figures();
  const named = new Map([...ports].map(([port, row]) => [port === '' ? DIRECT : port, row]));
  return other.some((figure) => figure !== 0) ? named.set(OTHER_PORTS, other) : named;
}

function nodesOf(model: CityModel, now: number): Moment['nodes'] {
  const nodes = new Map<string, { age: number; table: Conntrack }>();
  for (const node of [...model.objects('nodes').keys()].slice(0, MOST_NODES)) {
    const table = model.traffic.tableOf(node);
    const { lastFrameAt } = model.roster.describe(node, now, table);
    if (table && lastFrameAt !== undefined) nodes.set(node, { age: Math.max(0, now - lastFrameAt) / 1000, table });
  }
  return nodes;
}
