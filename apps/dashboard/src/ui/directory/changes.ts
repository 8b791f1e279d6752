import type { AuditEntry } from '@kubecity/protocol';
import { moment } from '../../city/format.ts';
import { aboutWords, changeWords, HOW, WHAT } from '../../city/steer/audit.ts';
import { type Layout, type Tone, word } from './table.ts';

const TONES: Readonly<Record<AuditEntry['what'], Tone | undefined>> = {
  create: undefined,
  replace: undefined,
  delete: 'live',
  undo: 'live',
  refused: 'light',
  lifted: 'light',
  expired: 'soft',
  drained: 'live',
  cut: 'drain',
};

/** Who changed what, when and why, and what came of it. Times are sorted by their figure and written into a CSV as UTC. */
export const changes: Layout<AuditEntry> = {
  id: 'changes',
  label: 'Changes',
  one: 'change',
  sort: { column: 'when', down: true },
  columns: [
    {
      ...word<AuditEntry>({ id: 'when', header: 'When', width: 132 }, ({ at }) => new Date(at).toISOString()),
      text: ({ at }) => moment(at, Date.now()),
    },
    word({ id: 'who', header: 'Who', width: 120, grow: 1 }, ({ who }) => who),
    word({ id: 'how', header: 'By', width: 78 }, ({ how }) => HOW[how], 'soft'),
    word(
      { id: 'what', header: 'What', width: 76 },
      ({ what }) => WHAT[what],
      ({ what }) => TONES[what],
    ),
    word({ id: 'change', header: 'Before → after', width: 170, grow: 1.4 }, changeWords),
    word({ id: 'about', header: 'About', width: 140, grow: 1.4 }, aboutWords),
    word({ id: 'name', header: 'Override', width: 120, grow: 1 }, nameOf, 'code'),
    word({ id: 'reason', header: 'Why', width: 110, grow: 1 }, ({ reason }) => reason),
    word({ id: 'outcome', header: 'Outcome', width: 140, grow: 1.2 }, ({ outcome }) => outcome),
  ],
  idOf: ({ id }) => id,
  wordsOf: (entry) =>
    `${entry.who} ${HOW[entry.how]} ${WHAT[entry.what]} ${changeWords(entry)} ${aboutWords(entry)} ${nameOf(entry)} ${entry.reason ?? ''} ${entry.outcome ?? ''} ${moment(entry.at, Date.now())} ${new Date(entry.at).toISOString()}`.toLowerCase(),
};

function nameOf({ namespace, name }: AuditEntry): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
