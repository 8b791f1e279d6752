import { flawsOf, measuringOf, nearlyFull } from '../../city/coverage.ts';
import type { Selection } from '../../city/find.ts';
import { age, count, percent, rate, size, socket, span } from '../../city/format.ts';
import type { Survey } from '../../city/survey.ts';
import { bytesPerSecond, NO_TRAFFIC, open, type Traffic } from '../../city/traffic.ts';

/** One cell: what is sorted by, and what is read. */
export interface Cell {
  readonly sort: string | number;
  readonly text: string;
  readonly tone?: 'code' | 'drain' | 'weight' | 'light' | 'live';
}

export interface TableRow {
  readonly id: string;
  readonly selection: Selection;
  readonly cells: Readonly<Record<string, Cell>>;
}

export interface Column {
  readonly id: string;
  readonly header: string;
  /** Share of the table's width. */
  readonly width: number;
  readonly figure?: boolean;
}

export interface Table {
  readonly id: string;
  readonly label: string;
  readonly columns: readonly Column[];
  /** `now` in Unix ms by the hub's clock, for ages. */
  readonly rows: (survey: Survey, now: number) => readonly TableRow[];
}

const word = (text: string | undefined, tone?: Cell['tone']): Cell => ({ sort: text ?? '', text: text ?? '–', tone });
const figure = (value: number, text: string, tone?: Cell['tone']): Cell => ({ sort: value, text, tone });

const TRAFFIC_COLUMNS: readonly Column[] = [
  { id: 'opened', header: 'New conn/s', width: 1, figure: true },
  { id: 'open', header: 'Open', width: 0.8, figure: true },
  { id: 'bytes', header: 'Bytes/s', width: 0.9, figure: true },
  { id: 'refused', header: 'Refused/s', width: 0.9, figure: true },
];

function trafficCells(traffic: Traffic = NO_TRAFFIC): Record<string, Cell> {
  return {
    opened: figure(traffic.openedPerSecond, rate(traffic.openedPerSecond)),
    open: figure(open(traffic), count(open(traffic))),
    bytes: figure(bytesPerSecond(traffic), size(bytesPerSecond(traffic))),
    refused: figure(
      traffic.refusedPerSecond,
      rate(traffic.refusedPerSecond),
      traffic.refusedPerSecond > 0 ? 'drain' : undefined,
    ),
  };
}

const services: Table = {
  id: 'services',
  label: 'Services',
  columns: [
    { id: 'name', header: 'Service', width: 1.8 },
    { id: 'namespace', header: 'Namespace', width: 1.1 },
    { id: 'address', header: 'Cluster IP', width: 1.2 },
    { id: 'ports', header: 'Ports', width: 1.3 },
    { id: 'backends', header: 'Backends', width: 0.8, figure: true },
    ...TRAFFIC_COLUMNS,
    { id: 'state', header: 'State', width: 1.2 },
  ],
  rows: ({ city, stands, sums }) =>
    [...city.service].map(([id, service]) => {
      const own = stands.get(id) ?? [];
      const draining = own.filter((stand) => stand.sign === 'draining').length;
      const weighted = own.filter((stand) => stand.sign === 'weighted').length;
      const state =
        service.problems.length > 0
          ? word(`${service.problems.length} problems`, 'drain')
          : draining > 0
            ? word(`${draining} draining`, 'drain')
            : weighted > 0
              ? word(`${weighted} reweighted`, 'weight')
              : word(own.length === 0 ? 'no backends' : '', 'light');
      return {
        id,
        selection: { kind: 'service', id },
        cells: {
          name: word(service.name),
          namespace: word(service.namespace),
          address: word(service.clusterIP, 'code'),
          ports: word(service.ports.map((port) => `${port.port}/${port.protocol}`).join(' '), 'code'),
          backends: figure(own.length, count(own.length)),
          ...trafficCells(sums.byService.get(id)),
          state,
        },
      };
    }),
};

const backends: Table = {
  id: 'backends',
  label: 'Backends',
  columns: [
    { id: 'name', header: 'Backend', width: 2 },
    { id: 'service', header: 'Service port', width: 1.8 },
    { id: 'node', header: 'Node', width: 1 },
    { id: 'address', header: 'Address', width: 1.4 },
    { id: 'state', header: 'State', width: 1 },
    { id: 'weight', header: 'Weight', width: 0.7, figure: true },
    { id: 'wished', header: 'Wished', width: 0.8, figure: true },
    { id: 'observed', header: 'Observed', width: 0.8, figure: true },
    ...TRAFFIC_COLUMNS,
  ],
  rows: ({ city, sums }) =>
    [...city.backend].map(([id, backend]) => {
      const load = city.load.get(id);
      const observed = load && load.openedOfPort > 0 ? load.opened / load.openedOfPort : undefined;
      return {
        id,
        selection:
          backend.podUid === undefined ? { kind: 'service', id: backend.service } : { kind: 'pod', id: backend.podUid },
        cells: {
          name: word(backend.podName ?? backend.address, 'code'),
          service: word(backend.servicePort),
          node: word(backend.node),
          address: word(socket(backend), 'code'),
          state: backend.draining
            ? word('draining', 'drain')
            : backend.overrideUid !== undefined
              ? word('reweighted', 'weight')
              : backend.ready
                ? word('ready', 'live')
                : word('not ready', 'light'),
          weight: figure(backend.weight, count(backend.weight)),
          wished: figure(backend.wishedShare, percent(backend.wishedShare)),
          observed: figure(observed ?? -1, observed === undefined ? '–' : percent(observed)),
          ...trafficCells(sums.byBackend.get(id)),
        },
      };
    }),
};

const nodes: Table = {
  id: 'nodes',
  label: 'Nodes',
  columns: [
    { id: 'name', header: 'Node', width: 1.6 },
    { id: 'zone', header: 'Zone', width: 1 },
    { id: 'agent', header: 'Agent', width: 1 },
    { id: 'sync', header: 'Rules', width: 1.4 },
    { id: 'pods', header: 'Pods', width: 0.7, figure: true },
    ...TRAFFIC_COLUMNS,
    { id: 'tracking', header: 'Tracked', width: 1.2, figure: true },
    { id: 'age', header: 'Figures’ age', width: 0.9, figure: true },
    { id: 'period', header: 'Measured every', width: 1, figure: true },
    { id: 'flaws', header: 'Missed', width: 1.6 },
  ],
  rows: ({ city, sums }, now) =>
    [...city.node].map(([id, node]) => {
      const pods = [...city.pod.values()].filter((pod) => pod.node === node.name).length;
      const { agent } = node;
      const entries = agent.conntrack?.entries;
      const measuring = measuringOf(node);
      const { fullness, at, periodMilliseconds: period } = measuring;
      const part = fullness === undefined ? '' : ` (${percent(fullness)})`;
      return {
        id,
        selection: { kind: 'node', id },
        cells: {
          name: word(node.name),
          zone: word(node.zone),
          agent: word(agent.state, agent.state === 'live' ? 'live' : 'light'),
          sync:
            agent.inSync === false
              ? word('out of sync', 'drain')
              : word(agent.rules === undefined ? undefined : `${count(agent.rules)} rules`),
          pods: figure(pods, count(pods)),
          ...trafficCells(sums.byNode.get(node.name)),
          tracking: figure(
            entries ?? -1,
            entries === undefined ? '–' : `${count(entries)}${part}`,
            nearlyFull(measuring) ? 'drain' : undefined,
          ),
          age: figure(at === undefined ? -1 : now - at, at === undefined ? '–' : age(now - at)),
          period: figure(period ?? -1, period === undefined ? '–' : span(period)),
          flaws: word(flawsOf(measuring).join(' · '), 'light'),
        },
      };
    }),
};

export const TABLES: readonly Table[] = [services, backends, nodes];
