import { age } from '../../city/format.ts';
import { policiesWords, type Refusal, streetOfRefusal } from '../../city/refusals.ts';
import { figure, type Table, word } from './table.ts';

interface Row {
  readonly id: string;
  readonly refusal: Refusal;
  /** `barred` of the selection. */
  readonly street: string;
  /** The pod's name, or the address. */
  readonly target: string;
  /** Since the last packet, milliseconds. */
  readonly age: number;
}

/** Attempts that policies refused within the last minute. */
export const refusals: Table<Row> = {
  id: 'refusals',
  label: 'Refused by policy',
  one: 'refused attempt',
  sort: { column: 'age', down: false },
  columns: [
    word({ id: 'client', header: 'Who', width: 160, grow: 1.2 }, ({ refusal }) => refusal.client.label, 'code'),
    word({ id: 'target', header: 'To whom', width: 150, grow: 1.2 }, ({ target }) => target, 'code'),
    word({ id: 'address', header: 'Address', width: 110, grow: 0.6 }, ({ refusal }) => refusal.address, 'code'),
    figure({ id: 'port', header: 'Port', width: 64 }, ({ refusal }) => refusal.port, String),
    word({ id: 'protocol', header: 'Protocol', width: 76 }, ({ refusal }) => refusal.protocol, 'soft'),
    word({ id: 'service', header: 'Service', width: 120, grow: 0.8 }, ({ refusal }) => refusal.service),
    word(
      { id: 'policies', header: 'Refused by', width: 170, grow: 1.4 },
      ({ refusal: { policies } }) => (policies.length === 0 ? policiesWords(policies) : policies.join(', ')),
      'drain',
    ),
    word(
      { id: 'direction', header: 'Because of', title: 'Who comes (ingress), or where it goes (egress)', width: 92 },
      ({ refusal }) => refusal.direction,
      'soft',
    ),
    word({ id: 'node', header: 'On node', width: 88, grow: 0.5 }, ({ refusal }) => refusal.node),
    figure(
      { id: 'age', header: 'Last', title: 'Since the last packet, milliseconds', width: 72 },
      (row) => row.age,
      age,
    ),
  ],
  rows: (survey, now) =>
    [...survey.city.refusal].map(([id, refusal]) => ({
      id,
      refusal,
      street: streetOfRefusal(survey, id),
      target: survey.city.pod.get(refusal.podUid ?? '')?.name ?? refusal.address,
      age: Math.max(0, now - refusal.lastAt),
    })),
  idOf: ({ id }) => id,
  selectionOf: ({ street }) => ({ kind: 'barred', id: street }),
  wordsOf: ({ refusal, target }) =>
    `${refusal.client.label} ${target} ${refusal.address}:${refusal.port} ${refusal.protocol} ${refusal.service ?? ''} ${refusal.policies.join(', ') || policiesWords([])} ${refusal.direction} ${refusal.node}`.toLowerCase(),
};
