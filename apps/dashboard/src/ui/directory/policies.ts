import type { CityRecord, PolicyDirection } from '@kubecity/protocol';
import { count, plural, rate } from '../../city/format.ts';
import { type Column, figure, type Table, word } from './table.ts';

interface Row {
  readonly id: string;
  readonly policy: CityRecord<'policy'>;
}

type Figure = keyof NonNullable<CityRecord<'policy'>['ingress']>;

/** Of both directions; undefined when the policy says nothing of either. */
function sum({ policy: { ingress, egress } }: Row, of: Figure): number | undefined {
  return ingress || egress ? (ingress?.[of] ?? 0) + (egress?.[of] ?? 0) : undefined;
}

const both = (
  id: string,
  header: string,
  title: string,
  of: Figure,
  text: (value: number) => string,
  wrong = false,
): Column<Row> =>
  figure(
    { id, header, title, width: 104 },
    (row) => sum(row, of),
    text,
    (value) => (value === 0 ? 'soft' : wrong ? 'drain' : undefined),
  );

const speaksOf = ({ policy }: Row): string =>
  (['ingress', 'egress'] as const satisfies PolicyDirection[]).filter((direction) => policy[direction]).join(', ') ||
  '–';

const stateOf = ({ policy: { problems = [] } }: Row): string =>
  problems.length > 0 ? plural(problems.length, 'problem') : '';

/** NetworkPolicies that some node enforces or cannot read; nodes that enforce none tell of none. */
export const policies: Table<Row> = {
  id: 'policies',
  label: 'Policies',
  one: 'network policy',
  many: 'network policies',
  sort: { column: 'refused-rate', down: true },
  columns: [
    word({ id: 'name', header: 'Policy', width: 148, grow: 1.4 }, ({ policy }) => policy.name),
    word({ id: 'namespace', header: 'Namespace', width: 96, grow: 1 }, ({ policy }) => policy.namespace),
    word({ id: 'directions', header: 'Closes', title: 'In which directions', width: 110, grow: 0.6 }, speaksOf, 'soft'),
    figure({ id: 'pods', header: 'Pods', title: 'Pods that it closes', width: 64 }, ({ policy }) => policy.pods, count),
    both('accepted-rate', 'Accepted/s', 'First packets let through per second', 'acceptedPerSecond', rate),
    both('refused-rate', 'Refused/s', 'First packets refused per second', 'refusedPerSecond', rate, true),
    both('accepted', 'Accepted', 'First packets let through since the dashboard first heard', 'accepted', count),
    both('refused', 'Refused', 'First packets refused since the dashboard first heard', 'refused', count, true),
    word({ id: 'state', header: 'State', width: 92, grow: 0.6 }, stateOf, 'drain'),
  ],
  rows: ({ city }) => [...city.policy].map(([id, policy]) => ({ id, policy })),
  idOf: ({ id }) => id,
  selectionOf: ({ id }) => ({ kind: 'policy', id }),
  wordsOf: (row) => `policy ${row.id} ${speaksOf(row)} ${stateOf(row)}`.toLowerCase(),
};
