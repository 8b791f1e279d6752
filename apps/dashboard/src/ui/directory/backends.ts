import type { CityRecord } from '@kubecity/protocol';
import { percent, socket, weightText } from '../../city/format.ts';
import { type Sign, signOfBackend } from '../../city/services.ts';
import type { Traffic } from '../../city/traffic.ts';
import { figure, type Table, type Tone, word } from './table.ts';
import { trafficAt, trafficColumns } from './traffic-columns.ts';

interface Row {
  readonly id: string;
  readonly backend: CityRecord<'backend'>;
  /** Share of its port's new connections, of the last minute or since it changed; undefined when there were none, and in the past. */
  readonly observed: number | undefined;
  readonly traffic: Traffic | undefined;
}

const STATES: Readonly<Record<Sign, readonly [words: string, tone: Tone]>> = {
  plain: ['ready', 'live'],
  draining: ['draining', 'drain'],
  weighted: ['reweighted', 'weight'],
  unready: ['not ready', 'light'],
  unknown: ['unknown', 'soft'],
};
const stateOf = ({ backend }: Row) => STATES[signOfBackend(backend)];

export const backends: Table<Row> = {
  id: 'backends',
  label: 'Backends',
  one: 'backend',
  sort: { column: 'name', down: false },
  columns: [
    word({ id: 'name', header: 'Backend', width: 130, grow: 2 }, nameOf, 'code'),
    word({ id: 'service', header: 'Service port', width: 130, grow: 1.6 }, ({ backend }) => backend.servicePort),
    word({ id: 'node', header: 'Node', width: 84, grow: 1 }, ({ backend }) => backend.node),
    word({ id: 'address', header: 'Address', width: 132, grow: 1 }, ({ backend }) => socket(backend), 'code'),
    word(
      { id: 'state', header: 'State', width: 84 },
      (row) => stateOf(row)[0],
      (row) => stateOf(row)[1],
    ),
    figure({ id: 'weight', header: 'Weight', width: 64 }, ({ backend }) => backend.weight, weightText),
    figure(
      { id: 'wished', header: 'Wished', title: 'Wished share of new connections', width: 68 },
      ({ backend }) => backend.wishedShare,
      percent,
    ),
    figure(
      {
        id: 'observed',
        header: 'Observed',
        title: 'Observed share of new connections, last 60 s or since the share changed',
        width: 76,
      },
      ({ observed }) => observed,
      percent,
    ),
    ...trafficColumns<Row>(),
  ],
  rows: (survey) =>
    [...survey.city.backend].map(([id, backend]) => {
      const load = survey.city.load.get(id);
      const observed = load && load.openedOfPort > 0 ? load.opened / load.openedOfPort : undefined;
      return { id, backend, observed, traffic: trafficAt(survey, backend.node, survey.sums.byBackend.get(id)) };
    }),
  idOf: ({ id }) => id,
  selectionOf: ({ id }) => ({ kind: 'backend', id }),
  wordsOf: (row) =>
    `${nameOf(row)} ${row.backend.servicePort} ${row.backend.node ?? ''} ${socket(row.backend)} ${stateOf(row)[0]}`.toLowerCase(),
};

function nameOf({ backend }: Row): string {
  return backend.podName ?? backend.address;
}
