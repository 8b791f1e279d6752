// biome-ignore-all lint/a11y/useSemanticElements: rows of an ARIA grid, placed absolutely
'use client';
import { memo } from 'react';
import { count } from '../../city/format.ts';
import { TickBox } from './TickBox.tsx';
import type { Column, Layout, Tone, Totals } from './table.ts';

/** Pixels. */
export const ROW = 30;

const TONES: Readonly<Record<Tone, string>> = {
  code: '',
  soft: 'text-soft',
  struck: 'text-soft line-through decoration-1',
  drain: 'text-drain-ink',
  weight: 'text-weight-ink',
  light: 'text-light-ink',
  live: 'text-live-ink',
};

interface Props {
  readonly table: Layout<unknown>;
  readonly row: unknown;
  readonly index: number;
  readonly top: number;
  readonly template: string;
  readonly selected: boolean;
  readonly current: boolean;
  /** Undefined: rows of this table are not ticked. */
  readonly ticked: boolean | undefined;
  readonly tick: (range: boolean) => void;
  readonly choose: () => void;
}

export const GridRow = memo(
  function GridRow({ table, row, index, top, template, selected, current, ticked, tick, choose }: Props) {
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys (arrows and Enter)
      <div
        id={`${table.id}-row-${index}`}
        role="row"
        tabIndex={-1}
        aria-rowindex={index + 2}
        aria-selected={selected}
        data-testid={`${table.one.toLowerCase()}-row`}
        data-row={table.idOf(row)}
        onClick={choose}
        className={`absolute inset-x-0 grid cursor-pointer items-center border-b border-line/60 px-3 ${selected ? 'bg-selected' : 'hover:bg-hover'} ${current ? 'group-focus-visible:shadow-[inset_2px_0_0_var(--live)]' : ''} ${table.staleOf?.(row) ? 'text-soft' : ''}`}
        style={{ gridTemplateColumns: template, height: ROW, top }}
      >
        {ticked !== undefined && <TickBox on={ticked} label={`Tick ${table.columns[0]?.text(row)}`} tick={tick} />}
        {table.columns.map((column, i) => (
          <Cell key={column.id} column={column} row={row} apart={table.columns[i - 1]?.figure ?? false} />
        ))}
      </div>
    );
  },
  // `choose` and `tick` are other functions at every frame and do the same: the row decides.
  (a, b) =>
    a.row === b.row &&
    a.index === b.index &&
    a.top === b.top &&
    a.template === b.template &&
    a.selected === b.selected &&
    a.ticked === b.ticked &&
    a.current === b.current,
);

interface CellProps {
  readonly column: Column<unknown>;
  readonly row: unknown;
  /** It follows a figure, which ends where it begins. */
  readonly apart: boolean;
}

function Cell({ column, row, apart }: CellProps) {
  const space = apart ? 'pr-3 pl-4' : 'pr-3';
  const text = column.text(row);
  const tone = column.tone?.(row);
  const colour = tone === undefined ? '' : TONES[tone];
  if (column.figure) {
    return (
      <div role="gridcell" tabIndex={-1} data-column={column.id} className={`pl-2 text-right whitespace-pre ${colour}`}>
        {text}
      </div>
    );
  }
  if (tone !== 'code' && tone !== 'struck') {
    return (
      <div role="gridcell" tabIndex={-1} data-column={column.id} title={text} className={`truncate ${space} ${colour}`}>
        {text}
      </div>
    );
  }
  // What tells pods of one workload apart stands at the end of their names: the middle is left out first.
  const tail = text.length > 12 ? text.slice(-6) : '';
  return (
    <div
      role="gridcell"
      tabIndex={-1}
      data-column={column.id}
      title={text}
      className={`code flex min-w-0 ${space} ${colour}`}
    >
      <span className="truncate">{text.slice(0, text.length - tail.length)}</span>
      <span className="shrink-0 whitespace-pre">{tail}</span>
    </div>
  );
}

interface TotalsProps {
  readonly table: Layout<unknown>;
  readonly totals: Totals;
  readonly shown: number;
  /** Rows there are, those left out by words included. */
  readonly of: number;
  readonly template: string;
}

/** The sums of exactly the rows above it. */
export function TotalsRow({ table, totals, shown, of, template }: TotalsProps) {
  const names = table.columns.findIndex(({ id }) => totals.values.has(id));
  return (
    <div
      role="row"
      tabIndex={-1}
      aria-rowindex={shown + 2}
      data-testid="traffic-totals"
      className="sticky bottom-0 z-10 grid items-center border-t border-line bg-panel px-3 font-semibold"
      style={{ gridTemplateColumns: template, height: ROW }}
    >
      <div role="gridcell" tabIndex={-1} className="truncate pr-3" style={{ gridColumn: `span ${names}` }}>
        {shown === of ? count(of) : `${count(shown)} of ${count(of)}`} {of === 1 ? table.one : `${table.one}s`}
        {totals.note && <span className="font-normal text-light-ink"> · {totals.note}</span>}
      </div>
      {table.columns.slice(names).map(({ id }) => {
        const sum = totals.values.get(id);
        return (
          <div
            key={id}
            role="gridcell"
            tabIndex={-1}
            data-column={id}
            data-value={sum?.value}
            className={`pl-2 text-right whitespace-pre ${sum?.tone ? TONES[sum.tone] : ''}`}
          >
            {sum?.text}
          </div>
        );
      })}
    </div>
  );
}
