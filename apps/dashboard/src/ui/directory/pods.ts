import type { CityRecord } from '@kubecity/protocol';
import { rate } from '../../city/format.ts';
import { workloadOf } from '../../city/services.ts';
import type { Traffic } from '../../city/traffic.ts';
import { figure, type Table, type Tone, word } from './table.ts';
import { trafficAt, trafficColumns } from './traffic-columns.ts';

interface Row {
  readonly pod: CityRecord<'pod'>;
  /** The Service at which its house stands. */
  readonly home: string | undefined;
  /** What it receives. */
  readonly traffic: Traffic | undefined;
  /** What it opens. */
  readonly out: Traffic | undefined;
}

export const pods: Table<Row> = {
  id: 'pods',
  label: 'Pods',
  one: 'pod',
  sort: { column: 'name', down: false },
  columns: [
    word({ id: 'name', header: 'Pod', width: 140, grow: 2 }, ({ pod }) => pod.name, 'code'),
    word({ id: 'namespace', header: 'Namespace', width: 92, grow: 1 }, ({ pod }) => pod.namespace),
    word({ id: 'workload', header: 'Workload', width: 92, grow: 1 }, ({ pod }) => workloadOf(pod)),
    word({ id: 'service', header: 'Backs', width: 110, grow: 1.2 }, ({ home }) => home),
    word({ id: 'node', header: 'Node', width: 84, grow: 1 }, ({ pod }) => pod.node),
    word({ id: 'address', header: 'Address', width: 104, grow: 0.8 }, ({ pod }) => pod.ip, 'code'),
    word({ id: 'state', header: 'State', width: 88 }, stateOf, toneOf),
    ...trafficColumns<Row>(),
    figure(
      { id: 'opens', header: 'Opens/s', title: 'Connections it opens per second', width: 72 },
      ({ out }) => out?.openedPerSecond,
      rate,
    ),
  ],
  rows: (survey) =>
    [...survey.city.pod].map(([uid, pod]) => ({
      pod,
      home: survey.homes.get(uid),
      traffic: trafficAt(survey, pod.node, survey.sums.intoPod.get(uid)),
      out: trafficAt(survey, pod.node, survey.sums.outOfPod.get(uid)),
    })),
  idOf: ({ pod }) => pod.uid,
  selectionOf: ({ pod }) => ({ kind: 'pod', id: pod.uid }),
  wordsOf: (row) =>
    `${row.pod.namespace}/${row.pod.name} ${workloadOf(row.pod)} ${row.home ?? ''} ${row.pod.node ?? ''} ${row.pod.ip ?? ''} ${stateOf(row)}`.toLowerCase(),
};

function stateOf({ pod }: Row): string {
  if (pod.terminating) return 'terminating';
  if (pod.ready) return 'ready';
  return pod.phase === 'Running' ? 'not ready' : pod.phase;
}

function toneOf({ pod }: Row): Tone {
  return pod.terminating ? 'drain' : pod.ready ? 'live' : 'light';
}
