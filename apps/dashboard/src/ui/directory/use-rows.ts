import { useMemo } from 'react';
import { sorted } from '../../city/sorting.ts';
import { useCity } from '../../live/city-store.ts';
import { type Reading, read, useView } from '../../live/view-store.ts';
import { type Layout, type Table, withWords } from './table.ts';

export interface ShownRows<Row> {
  /** Those with the words sought, in the order asked for. */
  readonly rows: readonly Row[];
  /** Rows before words were sought. */
  readonly all: number;
  readonly sort: NonNullable<Reading['sort']>;
}

/** What a table shows now. The order is of the address as far as the table knows the column. */
export function useRows<Row>(table: Table<Row>): ShownRows<Row> {
  const survey = useCity((state) => state.survey);
  const now = useCity((state) => state.stream.at);
  return useShown(
    table,
    useMemo(() => table.rows(survey, now), [table, survey, now]),
  );
}

/** The same of rows from elsewhere. */
export function useShown<Row>(table: Layout<Row>, all: readonly Row[]): ShownRows<Row> {
  const text = useView((state) => state.reading.text);
  const sort = useSort(table);
  const rows = useMemo(() => {
    const column = table.columns.find(({ id }) => id === sort.column);
    const found = withWords(table, all, text);
    return column ? sorted(found, column.value, sort.down) : found;
  }, [table, all, text, sort]);
  return { rows, all: all.length, sort };
}

function useSort<Row>(table: Layout<Row>): NonNullable<Reading['sort']> {
  const asked = useView((state) => state.reading.sort);
  return asked && table.columns.some(({ id }) => id === asked.column) ? asked : table.sort;
}

/** By this column; by the one it is sorted by already, the other way. Figures begin with the greatest. */
export function sortBy<Row>(table: Layout<Row>, column: string, now: NonNullable<Reading['sort']>): void {
  const figure = table.columns.find(({ id }) => id === column)?.figure ?? false;
  read({ sort: { column, down: now.column === column ? !now.down : figure } });
}
