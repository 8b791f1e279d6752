// biome-ignore-all lint/a11y/useSemanticElements: virtual rows are placed absolutely, which a <table> cannot; the ARIA grid says what they are
'use client';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useCallback, useMemo, useRef, useState } from 'react';
import { lineOf } from '../../city/csv.ts';
import { sameSelection } from '../../city/find.ts';
import { isBulkTab } from '../../city/steer/bulk.ts';
import { useCity } from '../../live/city-store.ts';
import { select, useView } from '../../live/view-store.ts';
import { copy } from '../copy.ts';
import { GridHead } from './GridHead.tsx';
import { GridRow, ROW, TotalsRow } from './GridRow.tsx';
import { stepOf } from './keys.ts';
import { TICK, TickBox } from './TickBox.tsx';
import { type Layout, valuesOf } from './table.ts';
import { tick, tickAll, tickTo, useTicked } from './ticked.ts';
import { useRestingOrder } from './use-resting-order.ts';
import type { ShownRows } from './use-rows.ts';

interface Props {
  readonly table: Layout<unknown>;
  readonly shown: ShownRows<unknown>;
  /** Of a table whose rows select nothing: the one that is chosen, and how. */
  readonly chosen?: string;
  readonly choose?: (id: string) => void;
  /** Said of an empty table, where there is more to say than that it is. */
  readonly none?: string;
}

/** One table: only what is seen is drawn; sorted by its heads; walked, chosen and copied with the keyboard alone. */
export function Grid({ table, shown, chosen, choose, none }: Props) {
  const { all, sort } = shown;
  const { rows, hand } = useRestingOrder(table, shown);
  const selection = useView((state) => state.selection);
  const scroller = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState<string>();
  const bulk = isBulkTab(table.id) ? table.id : undefined;
  const ticked = useTicked((state) => (state.tab === bulk ? state.ids : NOBODY));
  const template = useMemo(() => templateOf(table, bulk !== undefined), [table, bulk]);
  const totals = useMemo(() => table.totals?.(rows), [table, rows]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollPaddingStart: ROW + 6,
    scrollPaddingEnd: totals ? ROW + 6 : 0,
  });
  const isChosen = useCallback(
    (row: unknown) =>
      table.selectionOf ? sameSelection(selection, table.selectionOf(row)) : table.idOf(row) === chosen,
    [table, selection, chosen],
  );
  const chooseRow = (row: unknown) => {
    setCursor(table.idOf(row));
    if (table.selectionOf) select(table.selectionOf(row));
    else choose?.(table.idOf(row));
  };
  const tickRow = (id: string, range: boolean) => {
    setCursor(id);
    if (bulk && range) tickTo(bulk, id, rows.map(table.idOf));
    else if (bulk) tick(bulk, id);
  };
  // Rows change places with every frame: the cursor stays on its row, not on its line.
  const found = useMemo(
    () => rows.findIndex((row) => (cursor === undefined ? isChosen(row) : table.idOf(row) === cursor)),
    [rows, table, cursor, isChosen],
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
    } else if (event.key === ' ' && bulk) {
      event.preventDefault();
      tickRow(table.idOf(row), event.shiftKey);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      chooseRow(row);
    } else if (event.key === 'c') void copy('The row', lineOf(valuesOf(table, row)));
  };

  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={table.id === 'edges' ? 'Traffic by edge' : table.label}
      aria-rowcount={rows.length + (totals ? 2 : 1)}
      aria-colcount={table.columns.length + (bulk ? 1 : 0)}
      aria-multiselectable={bulk !== undefined}
      aria-activedescendant={rows[at] === undefined ? undefined : `${table.id}-row-${at}`}
      tabIndex={0}
      onKeyDown={onKey}
      className="group min-h-0 flex-1 overflow-auto bg-panel -outline-offset-2"
      data-testid={`table-${table.id}`}
    >
      <div className="flex min-h-full flex-col" style={{ minWidth: widthOf(table) + (bulk ? TICK : 0) }}>
        <GridHead table={table} sort={sort} template={template} leave={() => scroller.current?.focus()}>
          {bulk && (
            <TickBox
              head
              on={rows.length > 0 && rows.every((row) => ticked.has(table.idOf(row)))}
              label={`Tick all ${table.one}s shown`}
              tick={() => tickAll(bulk, rows.map(table.idOf))}
            />
          )}
        </GridHead>
        <div className="relative flex-1" style={{ minHeight: virtual.getTotalSize() }} {...hand}>
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
                selected={isChosen(row)}
                ticked={bulk && ticked.has(id)}
                tick={(range) => tickRow(id, range)}
                current={item.index === at && found >= 0}
                choose={() => chooseRow(row)}
              />
            );
          })}
          {rows.length === 0 && <Nothing table={table} all={all} none={none} />}
        </div>
        {totals && <TotalsRow table={table} totals={totals} shown={rows.length} of={all} template={template} />}
      </div>
    </div>
  );
}

interface NothingProps {
  readonly table: Layout<unknown>;
  readonly all: number;
  readonly none: string | undefined;
}

/** An empty table says why it is empty. */
function Nothing({ table, all, none }: NothingProps) {
  const text = useView((state) => state.reading.text);
  const filtered = useCity((state) => state.folded !== undefined);
  return (
    <p className="px-3 py-8 text-center text-soft" data-testid="table-empty">
      {all > 0
        ? `No ${table.one} has “${text}” in its names or addresses.`
        : none !== undefined
          ? none
          : filtered
            ? `The filter folds every ${table.one}.`
            : table.id === 'edges'
              ? 'No connection has been counted yet. Edges appear with the first one.'
              : `The city has no ${table.one}.`}
    </p>
  );
}

const PADDING = 24;

const NOBODY: ReadonlySet<string> = new Set();

const templateOf = ({ columns }: Layout<unknown>, ticks: boolean): string =>
  (ticks ? `${TICK}px ` : '') +
  columns.map(({ width, grow }) => (grow === undefined ? `${width}px` : `minmax(${width}px, ${grow}fr)`)).join(' ');

const widthOf = ({ columns }: Layout<unknown>): number => columns.reduce((sum, { width }) => sum + width, PADDING);
