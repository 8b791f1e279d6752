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
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { type EdgeRow, type EdgeRows, edgeRows, FIGURE_COLUMNS, filterRows } from '../../city/edge-rows.ts';
import { sumOf } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';
import { select, useView } from '../../live/view-store.ts';
import { stepOf } from '../directory/keys.ts';
import { EdgeLine, ROW, TEMPLATE, TotalsLine, WIDTH } from './EdgeLine.tsx';

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
});

const NAMES = [
  { id: 'client', header: 'Client', title: 'Who opened the connections', accessorFn: (row: EdgeRow) => row.client },
  { id: 'port', header: 'Service port', title: 'Whom they asked for', accessorFn: (row: EdgeRow) => row.port },
  { id: 'backend', header: 'Backend', title: 'Who answered', accessorFn: (row: EdgeRow) => row.backend },
] as const;
const STATE = {
  id: 'state',
  header: 'State',
  title: 'Of the figures, and of the pods',
  accessorFn: (row: EdgeRow) => row.state,
};

const COLUMNS: (ColumnDef<typeof features, EdgeRow> & { readonly title: string })[] = [
  ...NAMES.map((column) => ({ ...column, sortFn: 'alphanumeric' as const, sortDescFirst: false })),
  ...FIGURE_COLUMNS.map(({ id, header, title, value }) => ({
    id,
    header,
    title,
    accessorFn: (row: EdgeRow) => value(row.edge),
    sortFn: 'basic' as const,
    sortDescFirst: true,
  })),
  { ...STATE, sortFn: 'alphanumeric' as const, sortDescFirst: false },
];

/** Every edge that is shown, of the same moment as the map: sorted by its heads, walked with the arrow keys, summed up. */
export function TrafficTable({ filter }: { readonly filter: string }) {
  const city = useCity((state) => state.survey.city);
  const selected = useView(({ selection }) => (selection?.kind === 'edge' ? selection.id : undefined));
  const scroller = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState<string>();
  const before = useRef<EdgeRows>(undefined);
  const known = useMemo(() => {
    before.current = edgeRows(city, before.current);
    return before.current;
  }, [city]);
  const data = useMemo(() => [...filterRows(known.rows, filter)], [known, filter]);
  const totals = useMemo(() => sumOf(data.map(({ edge }) => edge)), [data]);
  const table = useTable({
    features,
    columns: COLUMNS,
    data,
    getRowId: (row) => row.id,
    enableSortingRemoval: false,
    initialState: { sorting: [{ id: 'opened-rate', desc: true }] },
  });
  const rows = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollPaddingStart: ROW + 6,
    scrollPaddingEnd: ROW + 6,
  });
  // Rows change places with every frame: the cursor stays on its edge, not on its line.
  const found = rows.findIndex((row) => row.id === (cursor ?? selected));
  const at = Math.max(0, found);

  const onKey = (event: KeyboardEvent) => {
    const to = stepOf(event.key, at, rows.length);
    const row = rows[to ?? at];
    if (to !== undefined && row) {
      event.preventDefault();
      setCursor(row.id);
      virtual.scrollToIndex(to);
    } else if ((event.key === 'Enter' || event.key === ' ') && row && event.target === event.currentTarget) {
      event.preventDefault();
      setCursor(row.id);
      select({ kind: 'edge', id: row.id });
    }
  };

  return (
    <div
      ref={scroller}
      role="grid"
      aria-label="Traffic by edge"
      aria-rowcount={rows.length + 2}
      aria-activedescendant={rows[at] ? `edge-row-${at}` : undefined}
      tabIndex={0}
      onKeyDown={onKey}
      className="group min-h-0 flex-1 overflow-auto bg-panel -outline-offset-2"
      data-testid="table-edges"
    >
      <div className="flex min-h-full flex-col" style={{ minWidth: WIDTH }}>
        <div
          role="row"
          tabIndex={-1}
          className="sticky top-0 z-10 grid border-b border-line bg-panel px-3"
          style={{ gridTemplateColumns: TEMPLATE }}
        >
          {table.getHeaderGroups()[0]?.headers.map((header, i) => {
            const sorted = header.column.getIsSorted();
            const column = COLUMNS[i];
            const figure = column?.sortFn === 'basic';
            return (
              <div
                key={header.id}
                role="columnheader"
                aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}
                tabIndex={-1}
                className={figure ? 'text-right' : header.id === 'state' ? 'pl-4' : 'pr-3'}
              >
                <button
                  type="button"
                  title={column?.title}
                  onClick={header.column.getToggleSortingHandler()}
                  data-testid={`sort-${header.id}`}
                  className={`inline-flex h-8 items-center gap-0.5 text-xs font-medium whitespace-nowrap hover:text-text ${sorted ? 'text-text' : 'text-soft'}`}
                >
                  {sorted === 'asc' && <ArrowUp className="size-3" aria-hidden="true" />}
                  {sorted === 'desc' && <ArrowDown className="size-3" aria-hidden="true" />}
                  {column?.header as string}
                </button>
              </div>
            );
          })}
        </div>
        <div className="relative flex-1" style={{ minHeight: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = (rows[item.index] as (typeof rows)[number]).original;
            return (
              <EdgeLine
                key={row.id}
                row={row}
                index={item.index}
                top={item.start}
                selected={row.id === selected}
                current={item.index === at && found >= 0}
                choose={() => {
                  setCursor(row.id);
                  select({ kind: 'edge', id: row.id });
                }}
              />
            );
          })}
          {rows.length === 0 && (
            <p className="px-3 py-8 text-center text-soft" data-testid="traffic-empty">
              {known.rows.length === 0
                ? 'No connection has been counted yet. Edges appear with the first one.'
                : `No edge has “${filter}” in its names or addresses.`}
            </p>
          )}
        </div>
        <TotalsLine totals={totals} of={known.rows.length} index={rows.length + 2} />
      </div>
    </div>
  );
}
