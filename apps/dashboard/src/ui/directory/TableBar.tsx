'use client';
import { ClipboardCopy, FileDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { csvOf } from '../../city/csv.ts';
import { count, plural } from '../../city/format.ts';
import { useCity } from '../../live/city-store.ts';
import { save } from '../../live/exporting.ts';
import { read, useView } from '../../live/view-store.ts';
import { Button } from '../Button.tsx';
import { copy } from '../copy.ts';
import { AtLeast } from '../traffic/AtLeast.tsx';
import { Moment } from '../traffic/Moment.tsx';
import { type Layout, valuesOf } from './table.ts';
import type { ShownRows } from './use-rows.ts';

interface Props {
  readonly table: Layout<unknown>;
  readonly shown: ShownRows<unknown>;
  readonly title?: string;
  /** At the end of the bar. */
  readonly children?: ReactNode;
}

/** Over a table: of which moment it is, what is left out, what rows are sought; and the way out of it as CSV. */
export function TableBar({ table, shown: { rows, all }, title, children }: Props) {
  const text = useView((state) => state.reading.text);
  const many = table.many ?? `${table.one}s`;
  const csv = () =>
    csvOf(
      table.columns.map(headOf),
      rows.map((row) => valuesOf(table, row)),
    );
  return (
    <div className="flex h-10 shrink-0 items-center gap-3 border-b border-line px-3">
      {title !== undefined && <h2 className="font-semibold">{title}</h2>}
      {table.id !== 'changes' && (
        <>
          <Moment />
          <AtLeast />
        </>
      )}
      <FoldedLine table={table} shown={rows.length} all={all} />
      <div className="ml-auto flex items-center gap-1">
        <input
          value={text}
          onChange={(event) => read({ text: event.target.value })}
          placeholder={`Only ${many} with…`}
          aria-label={`Only ${many} with these words in their names, addresses or state`}
          data-testid="table-text"
          className="h-7 w-48 rounded-control border border-line bg-sunk px-2.5 outline-none placeholder:text-soft focus:border-live"
        />
        <Button
          tone="bare"
          title="Copy these rows as CSV"
          data-testid="copy-csv"
          onClick={() => void copy(`The table of ${plural(rows.length, table.one, table.many)}`, csv())}
        >
          <ClipboardCopy className="size-3.5" aria-hidden="true" />
          Copy CSV
        </Button>
        <Button
          tone="bare"
          aria-label="Download these rows as CSV"
          title="Download these rows as CSV"
          data-testid="download-csv"
          onClick={() => save(new Blob([csv()], { type: 'text/csv;charset=utf-8' }), 'csv', table.label.toLowerCase())}
        >
          <FileDown className="size-3.5" aria-hidden="true" />
        </Button>
        {children}
      </div>
    </div>
  );
}

const headOf = ({ header, title }: { readonly header: string; readonly title?: string }): string => title ?? header;

/** `12 of 40 pods · 28 folded by the filter`: what is shown and what is told are all there is. */
function FoldedLine({
  table,
  shown,
  all,
}: {
  readonly table: Layout<unknown>;
  readonly shown: number;
  readonly all: number;
}) {
  const whole = useCity((state) => wholeOf(state.whole.city, table));
  const folded = (whole ?? all) - all;
  if (shown === all && folded === 0) return null;
  return (
    <p className="truncate text-sm text-soft" data-testid="table-folded">
      {shown < all && `${count(shown)} of ${plural(all, table.one, table.many)}`}
      {shown < all && folded > 0 && ' · '}
      {folded > 0 && `${count(folded)} folded by the filter`}
    </p>
  );
}

const KINDS = {
  services: 'service',
  backends: 'backend',
  pods: 'pod',
  nodes: 'node',
  edges: 'edge',
  policies: 'policy',
  refusals: 'refusal',
} as const;
/** Undefined of what is not part of the city: nothing of it is folded. */
const wholeOf = (
  city: Readonly<Record<(typeof KINDS)[keyof typeof KINDS], ReadonlyMap<string, unknown>>>,
  { id }: Layout<unknown>,
) => (id === 'changes' ? undefined : city[KINDS[id]].size);
