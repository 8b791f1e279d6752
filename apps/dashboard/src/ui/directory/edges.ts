import { DIRECT, type EdgeRow, type EdgeRows, edgeRows, FIGURE_COLUMNS } from '../../city/edge-rows.ts';
import { count } from '../../city/format.ts';
import { sumOf } from '../../city/traffic.ts';
import { type Table, word } from './table.ts';

/** The rows of the frame before: an edge that did not change keeps its row. */
let known: EdgeRows | undefined;

/** Every edge that is shown, of the same moment as the map, with the sums of exactly the rows above them. */
export const edges: Table<EdgeRow> = {
  id: 'edges',
  label: 'Traffic',
  one: 'edge',
  sort: { column: 'opened-rate', down: true },
  columns: [
    word(
      { id: 'client', header: 'Client', title: 'Who opened the connections', width: 148, grow: 1 },
      (row) => row.client,
      ({ gone }) => (gone === 'client' || gone === 'both' ? 'struck' : 'code'),
    ),
    word(
      { id: 'port', header: 'Service port', title: 'Whom they asked for', width: 148, grow: 1 },
      (row) => row.port,
      ({ port }) => (port === DIRECT ? 'soft' : undefined),
    ),
    word(
      { id: 'backend', header: 'Backend', title: 'Who answered', width: 148, grow: 1 },
      (row) => row.backend,
      ({ gone }) => (gone === 'backend' || gone === 'both' ? 'struck' : 'code'),
    ),
    ...FIGURE_COLUMNS.map(({ id, header, title, width, value, text, wrong }) => ({
      id,
      header,
      title,
      width: width + 12,
      figure: true,
      value: ({ edge }: EdgeRow) => value(edge),
      text: ({ edge }: EdgeRow) => text(value(edge)),
      tone: ({ edge }: EdgeRow) => (value(edge) === 0 ? 'soft' : wrong ? 'drain' : undefined),
    })),
    word(
      { id: 'state', header: 'State', title: 'Of the figures, and of the pods', width: 92 },
      (row) => row.state,
      ({ state }) => (state === 'live' ? 'soft' : 'light'),
    ),
  ],
  rows: ({ city }) => {
    known = edgeRows(city, known);
    return known.rows;
  },
  idOf: ({ id }) => id,
  selectionOf: ({ id }) => ({ kind: 'edge', id }),
  wordsOf: ({ words }) => words,
  staleOf: ({ edge }) => edge.stale,
  totals: (rows) => {
    const sums = sumOf(rows.map(({ edge }) => edge));
    const notes = [
      sums.uncounted > 0 ? `${count(sums.uncounted)} open without byte counters` : '',
      sums.staleEdges > 0 ? `${count(sums.staleEdges)} stale` : '',
    ];
    return {
      note: notes.filter(Boolean).join(' · '),
      values: new Map(
        FIGURE_COLUMNS.map(({ id, value, text, wrong }) => {
          const sum = value(sums);
          return [id, { value: sum, text: text(sum), tone: wrong && sum > 0 ? 'drain' : undefined } as const];
        }),
      ),
    };
  },
};
