import type { Selection } from '../../city/find.ts';
import type { SortValue } from '../../city/sorting.ts';
import type { Survey } from '../../city/survey.ts';
import type { Tab } from '../../live/view-store.ts';

export type Tone = 'code' | 'soft' | 'struck' | 'drain' | 'weight' | 'light' | 'live';

/** One column of a table: what a row is worth there, and how that is read. Methods, so that tables of all rows are one type. */
export interface Column<Row> {
  /** Lower case and dashes: it stands in the address. */
  readonly id: string;
  readonly header: string;
  /** Said at length: on the head, and in a CSV. */
  readonly title?: string;
  /** Pixels that it needs. */
  readonly width: number;
  /** Its share of what is left over; none: it stays as wide as it needs. */
  readonly grow?: number;
  readonly figure?: boolean;
  /** For sorting and for CSV; undefined when unknown. */
  value(row: Row): SortValue;
  /** Asked only of rows that are seen. */
  text(row: Row): string;
  tone?(row: Row): Tone | undefined;
}

/** A table as it is drawn, wherever its rows come from. */
export interface Layout<Row> {
  readonly id: Tab;
  readonly label: string;
  /** What one row is. */
  readonly one: string;
  /** Of several; absent: with an s. */
  readonly many?: string;
  readonly columns: readonly Column<Row>[];
  readonly sort: { readonly column: string; readonly down: boolean };
  idOf(row: Row): string;
  /** What choosing it selects; none: what is chosen is told below the table. */
  selectionOf?(row: Row): Selection;
  /** All it is found by, in small letters. */
  wordsOf(row: Row): string;
  /** Nothing of it is fresh. */
  staleOf?(row: Row): boolean;
  /** A line of sums over exactly the rows shown, by column, with what is said at its beginning. */
  totals?(rows: readonly Row[]): Totals;
}

/** A table of the city's records. */
export interface Table<Row> extends Layout<Row> {
  selectionOf(row: Row): Selection;
  /** In no order; `now` in Unix ms by the hub's clock. Rows of the frame before may be kept. */
  rows(survey: Survey, now: number): readonly Row[];
}

export interface Totals {
  readonly note?: string;
  readonly values: ReadonlyMap<string, { readonly value: number; readonly text: string; readonly tone?: Tone }>;
}

/** Rows in which every word of the text occurs. */
export function withWords<Row>(table: Layout<Row>, rows: readonly Row[], text: string): readonly Row[] {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return rows;
  return rows.filter((row) => {
    const words = table.wordsOf(row);
    return wanted.every((word) => words.includes(word));
  });
}

/** What a row is worth in every column, for CSV. */
export const valuesOf = <Row>({ columns }: Layout<Row>, row: Row): readonly SortValue[] =>
  columns.map((column) => column.value(row));

/** A column of names. */
export function word<Row>(
  head: Pick<Column<Row>, 'id' | 'header' | 'width' | 'grow' | 'title'>,
  worth: (row: Row) => string | undefined,
  tone?: Tone | ((row: Row) => Tone | undefined),
): Column<Row> {
  return {
    ...head,
    value: worth,
    text: (row) => worth(row) ?? '–',
    tone: typeof tone === 'function' ? tone : () => tone,
  };
}

/** A column of numbers; unknown is a dash. */
export function figure<Row>(
  head: Pick<Column<Row>, 'id' | 'header' | 'width' | 'grow' | 'title'>,
  worth: (row: Row) => number | undefined,
  textOf: (value: number, row: Row) => string,
  toneOf?: (value: number, row: Row) => Tone | undefined,
): Column<Row> {
  return {
    ...head,
    figure: true,
    value: worth,
    text: (row) => {
      const value = worth(row);
      return value === undefined ? '–' : textOf(value, row);
    },
    tone: (row) => {
      const value = worth(row);
      return value === undefined ? 'soft' : toneOf?.(value, row);
    },
  };
}
