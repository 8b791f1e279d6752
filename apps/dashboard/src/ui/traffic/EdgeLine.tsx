// biome-ignore-all lint/a11y/useSemanticElements: rows of an ARIA grid, placed absolutely
'use client';
import { memo } from 'react';
import { DIRECT, type EdgeRow, FIGURE_COLUMNS } from '../../city/edge-rows.ts';
import { count } from '../../city/format.ts';
import type { Traffic } from '../../city/traffic.ts';

/** Pixels. */
export const ROW = 30;

/** Names first, then figures, then the state: one template for head, rows and sums. */
const FIGURE_WIDTHS = FIGURE_COLUMNS.map(({ width }) => `${width}px`);
export const TEMPLATE = `minmax(148px, 1fr) minmax(148px, 1fr) minmax(148px, 1fr) ${FIGURE_WIDTHS.join(' ')} 92px`;
export const WIDTH = 148 * 3 + FIGURE_COLUMNS.reduce((sum, { width }) => sum + width, 0) + 92 + 24;

interface Props {
  readonly row: EdgeRow;
  readonly index: number;
  readonly top: number;
  readonly selected: boolean;
  readonly current: boolean;
  readonly choose: () => void;
}

const TONE = { live: 'text-soft', stale: 'text-light-ink' } as const;

export const EdgeLine = memo(
  function EdgeLine({ row, index, top, selected, current, choose }: Props) {
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the grid takes the keys (arrows and Enter)
      <div
        id={`edge-row-${index}`}
        role="row"
        tabIndex={-1}
        aria-rowindex={index + 2}
        aria-selected={selected}
        data-testid="edge-row"
        data-edge={row.id}
        onClick={choose}
        className={`absolute inset-x-0 grid cursor-pointer items-center border-b border-line/60 px-3 ${selected ? 'bg-selected' : 'hover:bg-hover'} ${current ? 'group-focus-visible:shadow-[inset_2px_0_0_var(--live)]' : ''} ${row.edge.stale ? 'text-soft' : ''}`}
        style={{ gridTemplateColumns: TEMPLATE, height: ROW, top }}
      >
        <Name text={row.client} struck={row.gone === 'client' || row.gone === 'both'} />
        <div
          role="gridcell"
          tabIndex={-1}
          title={row.port}
          className={`truncate pr-3 ${row.port === DIRECT ? 'text-soft italic' : ''}`}
        >
          {row.port}
        </div>
        <Name text={row.backend} struck={row.gone === 'backend' || row.gone === 'both'} />
        {FIGURE_COLUMNS.map(({ id, value, text, wrong }) => {
          const figure = value(row.edge);
          const tone = figure === 0 ? 'text-soft' : wrong ? 'text-drain-ink' : '';
          return (
            <div
              key={id}
              role="gridcell"
              tabIndex={-1}
              data-column={id}
              className={`text-right whitespace-pre ${tone}`}
            >
              {text(figure)}
            </div>
          );
        })}
        <div role="gridcell" tabIndex={-1} className={`truncate pl-4 ${TONE[row.state as 'live'] ?? 'text-light-ink'}`}>
          {row.state}
        </div>
      </div>
    );
  },
  // `choose` is another function at every frame and does the same: the row decides.
  (a, b) =>
    a.row === b.row && a.index === b.index && a.top === b.top && a.selected === b.selected && a.current === b.current,
);

/** What tells pods of one workload apart stands at the end of their names: the middle is left out first. */
function Name({ text, struck }: { readonly text: string; readonly struck: boolean }) {
  const tail = text.length > 12 ? text.slice(-6) : '';
  const line = struck ? 'text-soft line-through decoration-1' : '';
  return (
    <div role="gridcell" tabIndex={-1} title={text} className={`code flex min-w-0 pr-3 ${line}`}>
      <span className="truncate">{text.slice(0, text.length - tail.length)}</span>
      <span className="shrink-0 whitespace-pre">{tail}</span>
    </div>
  );
}

interface TotalsProps {
  readonly totals: Traffic;
  /** Edges there are, the filtered ones included. */
  readonly of: number;
  readonly index: number;
}

/** The sums of exactly the rows above it. */
export function TotalsLine({ totals, of, index }: TotalsProps) {
  const some = totals.edges === of ? count(of) : `${count(totals.edges)} of ${count(of)}`;
  return (
    <div
      role="row"
      tabIndex={-1}
      aria-rowindex={index}
      data-testid="traffic-totals"
      className="sticky bottom-0 z-10 grid items-center border-t border-line bg-panel px-3 font-semibold"
      style={{ gridTemplateColumns: TEMPLATE, height: ROW }}
    >
      <div role="gridcell" tabIndex={-1} className="col-span-3 truncate pr-3">
        {some} {of === 1 ? 'edge' : 'edges'}
        {totals.uncounted > 0 && (
          <span className="font-normal text-light-ink"> · {count(totals.uncounted)} open without byte counters</span>
        )}
      </div>
      {FIGURE_COLUMNS.map(({ id, value, text, wrong }) => (
        <div
          key={id}
          role="gridcell"
          tabIndex={-1}
          data-column={id}
          data-value={value(totals)}
          className={`text-right whitespace-pre ${wrong && value(totals) > 0 ? 'text-drain-ink' : ''}`}
        >
          {text(value(totals))}
        </div>
      ))}
      <div role="gridcell" tabIndex={-1} className="truncate pl-4 font-normal text-light-ink">
        {totals.staleEdges > 0 && `${count(totals.staleEdges)} stale`}
      </div>
    </div>
  );
}
