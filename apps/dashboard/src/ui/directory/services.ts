import type { CityRecord } from '@kubecity/protocol';
import { count, plural } from '../../city/format.ts';
import type { Stand } from '../../city/services.ts';
import { NO_TRAFFIC, type Traffic } from '../../city/traffic.ts';
import { figure, type Table, type Tone, word } from './table.ts';
import { trafficColumns } from './traffic-columns.ts';

interface Row {
  readonly id: string;
  readonly service: CityRecord<'service'>;
  readonly stands: readonly Stand[];
  readonly traffic: Traffic;
}

export const services: Table<Row> = {
  id: 'services',
  label: 'Services',
  one: 'Service',
  sort: { column: 'name', down: false },
  columns: [
    word({ id: 'name', header: 'Service', width: 120, grow: 1.8 }, ({ service }) => service.name),
    word({ id: 'namespace', header: 'Namespace', width: 96, grow: 1 }, ({ service }) => service.namespace),
    word({ id: 'address', header: 'Cluster IP', width: 104, grow: 1 }, ({ service }) => service.clusterIP, 'code'),
    word({ id: 'ports', header: 'Ports', width: 96, grow: 1 }, portsOf, 'code'),
    figure({ id: 'backends', header: 'Backends', width: 76 }, ({ stands }) => stands.length, count),
    ...trafficColumns<Row>(),
    word({ id: 'state', header: 'State', width: 108, grow: 1 }, stateOf, toneOf),
  ],
  rows: ({ city, stands, sums }) =>
    [...city.service].map(([id, service]) => ({
      id,
      service,
      stands: stands.get(id) ?? [],
      traffic: sums.byService.get(id) ?? NO_TRAFFIC,
    })),
  idOf: ({ id }) => id,
  selectionOf: ({ id }) => ({ kind: 'service', id }),
  wordsOf: (row) => `${row.id} ${row.service.clusterIP ?? ''} ${portsOf(row)} ${stateOf(row)}`.toLowerCase(),
};

function portsOf({ service }: Row): string {
  return service.ports.map(({ port, protocol }) => `${port}/${protocol}`).join(' ');
}

const howMany = (stands: readonly Stand[], sign: Stand['sign']): number =>
  stands.filter((stand) => stand.sign === sign).length;

function stateOf({ service, stands }: Row): string {
  if (service.problems.length > 0) return plural(service.problems.length, 'problem');
  const [draining, weighted] = [howMany(stands, 'draining'), howMany(stands, 'weighted')];
  if (draining > 0) return `${draining} draining`;
  if (weighted > 0) return `${weighted} reweighted`;
  return stands.length === 0 ? 'no backends' : '';
}

function toneOf({ service, stands }: Row): Tone {
  if (service.problems.length > 0 || howMany(stands, 'draining') > 0) return 'drain';
  return howMany(stands, 'weighted') > 0 ? 'weight' : 'light';
}
