// biome-ignore-all lint/a11y/useSemanticElements: virtual rows are placed absolutely, which a <table> cannot; the ARIA grid says what they are
'use client';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { lineOf } from '../../city/csv.ts';
import { sameSelection } from '../../city/find.ts';
import { useCity } from '../../live/city-store.ts';
import { select, useView } from '../../live/view-store.ts';
import { copy } from '../copy.ts';
import { GridHead } from './GridHead.tsx';
import { GridRow, ROW, TotalsRow } from './GridRow.tsx';
import { stepOf } from './keys.ts';
import { type Table, valuesOf } from './table.ts';
import type { ShownRows } from './use-rows.ts';

interface Props {
  readonly table: Table<unknown>;
  readonly shown: ShownRows<unknown>;
}

/** One table: only what is seen is drawn; sorted by its heads; walked, chosen and copied with the keyboard alone. */
export function Grid({ table, shown: { rows, all, sort } }: Props) {
  const selection = useView((state) => state.selection);
  const scroller = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState<string>();
  const template = useMemo(() => templateOf(table), [table]);
  const totals = useMemo(() => table.totals?.(rows), [table, rows]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollPaddingStart: ROW + 6,
    scrollPaddingEnd: totals ? ROW + 6 : 0,
  });
  // Rows change places with every frame: the cursor stays on its row, not on its line.
  const found = useMemo(
    () =>
      rows.findIndex((row) =>
        cursor === undefined ? sameSelection(selection, table.selectionOf(row)) : table.idOf(row) === cursor,
      ),
    [rows, table, cursor, selection],
  );
  const at = Math.max(0, found);

  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW) - 2);
    const to = stepOf(event.key, at, rows.length, page);
    const row = rows[to ?? at];
    if (event.key === 'ArrowUp' && at === 0) {
      event.preventDefault();
      scroller.current?.querySelector<HTMLElement>('[role=columnheader] button[tabindex="0"]')?.focus();
    } else if (row === undefined) return;
    else if (to !== undefined) {
      event.preventDefault();
      setCursor(table.idOf(row));
      virtual.scrollToIndex(to);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      setCursor(table.idOf(row));
      select(table.selectionOf(row));
    } else if (event.key === 'c') void copy('The row', lineOf(valuesOf(table, row)));
  };

  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={table.id === 'edges' ? 'Traffic by edge' : table.label}
      aria-rowcount={rows.length + (totals ? 2 : 1)}
      aria-colcount={table.columns.length}
      aria-activedescendant={rows[at] === undefined ? undefined : `${table.id}-row-${at}`}
      tabIndex={0}
      onKeyDown={onKey}
      className="group min-h-0 flex-1 overflow-auto bg-panel -outline-offset-2"
      data-testid={`table-${table.id}`}
    >
      <div className="flex min-h-full flex-col" style={{ minWidth: widthOf(table) }}>
        <GridHead table={table} sort={sort} template={template} leave={() => scroller.current?.focus()} />
        <div className="relative flex-1" style={{ minHeight: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            const id = table.idOf(row);
            return (
              <GridRow
                key={id}
                table={table}
                row={row}
                index={item.index}
                top={item.start}
                template={template}
                selected={sameSelection(selection, table.selectionOf(row))}
                current={item.index === at && found >= 0}
                choose={() => {
                  setCursor(id);
                  select(table.selectionOf(row));
                }}
              />
            );
          })}
          {rows.length === 0 && <Nothing table={table} all={all} />}
        </div>
        {totals && <TotalsRow table={table} totals={totals} shown={rows.length} of={all} template={template} />}
      </div>
    </div>
  );
}

/** An empty table says why it is empty. */
function Nothing({ table, all }: { readonly table: Table<unknown>; readonly all: number }) {
  const text = useView((state) => state.reading.text);
  const filtered = useCity((state) => state.folded !== undefined);
  return (
    <p className="px-3 py-8 text-center text-soft" data-testid="table-empty">
      {all > 0
        ? `No ${table.one} has “${text}” in its names or addresses.`
        : filtered
          ? `The filter folds every ${table.one}.`
          : table.id === 'edges'
            ? 'No connection has been counted yet. Edges appear with the first one.'
            : `The city has no ${table.one}.`}
    </p>
  );
}

const PADDING = 24;

const templateOf = ({ columns }: Table<unknown>): string =>
  columns.map(({ width, grow }) => (grow === undefined ? `${width}px` : `minmax(${width}px, ${grow}fr)`)).join(' ');

const widthOf = ({ columns }: Table<unknown>): number => columns.reduce((sum, { width }) => sum + width, PADDING);
