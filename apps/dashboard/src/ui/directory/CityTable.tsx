// biome-ignore-all lint/a11y/useSemanticElements: virtual rows are placed absolutely, which a <table> cannot; the ARIA grid says what they are
'use client';
import {
  type ColumnDef,
  createSortedRowModel,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { sameSelection } from '../../city/find.ts';
import { useCity } from '../../live/city-store.ts';
import { select, useView } from '../../live/view-store.ts';
import { stepOf } from './keys.ts';
import type { Cell, Column, Table, TableRow } from './rows.ts';

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
});

const ROW = 34;

/** One table of the Directory: sorted by its heads, only what is seen is drawn, and walked with the arrow keys. */
export function CityTable({ table: kind, filter }: { readonly table: Table; readonly filter: string }) {
  const survey = useCity((state) => state.survey);
  const now = useCity((state) => state.stream.at);
  const selection = useView((state) => state.selection);
  const scroller = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState(0);
  const data = useMemo(() => filtered(kind.rows(survey, now), filter), [kind, survey, now, filter]);
  const columns = useMemo(() => kind.columns.map(columnDef), [kind]);
  const table = useTable({
    features,
    columns,
    data,
    getRowId: (row) => row.id,
    enableSortingRemoval: false,
    initialState: { sorting: [{ id: firstSort(kind), desc: false }] },
  });
  const rows = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const template = kind.columns.map((column) => `minmax(${column.figure ? 76 : 84}px, ${column.width}fr)`).join(' ');
  const at = Math.min(cursor, Math.max(0, rows.length - 1));

  useEffect(() => {
    // Takes the eye along when the cursor leaves what is seen.
    if (rows.length > 0) virtual.scrollToIndex(at);
  }, [at, rows.length, virtual]);

  const onKey = (event: KeyboardEvent) => {
    const to = stepOf(event.key, at, rows.length);
    if (to !== undefined) {
      event.preventDefault();
      setCursor(to);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      const row = rows[at]?.original;
      if (row) select(row.selection);
    }
  };

  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={kind.label}
      aria-rowcount={rows.length + 1}
      aria-activedescendant={rows[at] ? `row-${at}` : undefined}
      tabIndex={0}
      onKeyDown={onKey}
      className="group min-h-0 flex-1 overflow-auto rounded-card border border-line bg-panel outline-offset-0"
      data-testid={`table-${kind.id}`}
    >
      <div style={{ minWidth: kind.columns.length * 92 }}>
        <div
          role="row"
          tabIndex={-1}
          className="sticky top-0 z-10 grid border-b border-line bg-panel px-3"
          style={{ gridTemplateColumns: template }}
        >
          {table.getHeaderGroups()[0]?.headers.map((header, i) => {
            const sorted = header.column.getIsSorted();
            const column = kind.columns[i] as Column;
            return (
              <div
                key={header.id}
                role="columnheader"
                aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}
                tabIndex={-1}
                className={`pr-3 ${column.figure ? 'text-right' : ''}`}
              >
                <button
                  type="button"
                  onClick={header.column.getToggleSortingHandler()}
                  className={`inline-flex h-9 items-center gap-1 text-xs font-medium hover:text-text ${sorted ? 'text-text' : 'text-soft'}`}
                >
                  {column.header}
                  {sorted === 'asc' && <ArrowUp className="size-3" aria-hidden="true" />}
                  {sorted === 'desc' && <ArrowDown className="size-3" aria-hidden="true" />}
                </button>
              </div>
            );
          })}
        </div>
        <div className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = (rows[item.index] as (typeof rows)[number]).original;
            const on = sameSelection(selection, row.selection);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys (arrows and Enter)
              <div
                key={row.id}
                id={`row-${item.index}`}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                aria-selected={on}
                onClick={() => {
                  setCursor(item.index);
                  select(row.selection);
                }}
                className={`absolute inset-x-0 grid cursor-pointer items-center border-b border-line/60 px-3 ${on ? 'bg-selected' : 'hover:bg-hover'} ${item.index === at ? 'group-focus-visible:shadow-[inset_2px_0_0_var(--live)]' : ''}`}
                style={{ gridTemplateColumns: template, height: ROW, top: item.start }}
              >
                {kind.columns.map((column) => (
                  <CellView key={column.id} cell={row.cells[column.id]} column={column} />
                ))}
              </div>
            );
          })}
        </div>
        {rows.length === 0 && <p className="px-3 py-10 text-center text-soft">Nothing here.</p>}
      </div>
    </div>
  );
}

const TONES = {
  code: 'code',
  drain: 'text-drain-ink',
  weight: 'text-weight-ink',
  light: 'text-light-ink',
  live: 'text-live-ink',
} as const;

function CellView({ cell, column }: { readonly cell: Cell | undefined; readonly column: Column }) {
  const tone = cell?.tone === undefined ? '' : TONES[cell.tone];
  return (
    <div
      role="gridcell"
      tabIndex={-1}
      title={cell?.text}
      className={`truncate pr-3 ${column.figure ? 'text-right' : ''} ${tone}`}
    >
      {cell?.text}
    </div>
  );
}

function columnDef(column: Column): ColumnDef<typeof features, TableRow> {
  return {
    id: column.id,
    header: column.header,
    accessorFn: (row) => row.cells[column.id]?.sort ?? '',
    sortFn: column.figure ? 'basic' : 'alphanumeric',
    sortDescFirst: column.figure ?? false,
  };
}

const firstSort = (table: Table): string => table.columns[0]?.id ?? '';

function filtered(rows: readonly TableRow[], filter: string): TableRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const text = Object.values(row.cells)
      .map((cell) => cell.text)
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
