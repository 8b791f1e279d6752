// biome-ignore-all lint/a11y/useSemanticElements: rows of an ARIA grid, placed absolutely
'use client';
import { ArrowDown, ArrowUp } from 'lucide-react';
import type { KeyboardEvent, ReactNode } from 'react';
import type { Reading } from '../../live/view-store.ts';
import type { Layout } from './table.ts';
import { sortBy } from './use-rows.ts';

interface Props {
  readonly table: Layout<unknown>;
  readonly sort: NonNullable<Reading['sort']>;
  readonly template: string;
  /** Back down to the rows. */
  readonly leave: () => void;
  /** Before the first head. */
  readonly children?: ReactNode;
}

/** The heads sort; from the first row an arrow leads up to them, and from head to head. */
export function GridHead({ table, sort, template, leave, children }: Props) {
  const onKey = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key === 'ArrowDown') leave();
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const heads = [...event.currentTarget.querySelectorAll('button')];
      const at = heads.indexOf(event.target as HTMLButtonElement);
      heads[at + (event.key === 'ArrowRight' ? 1 : -1)]?.focus();
    } else if (event.key !== 'Enter' && event.key !== ' ') return;
    // Enter and space press the head and must not choose the row beneath.
    event.stopPropagation();
    if (event.key.startsWith('Arrow')) event.preventDefault();
  };
  return (
    <div
      role="row"
      tabIndex={-1}
      aria-rowindex={1}
      onKeyDown={onKey}
      className="sticky top-0 z-10 grid border-b border-line bg-panel px-3"
      style={{ gridTemplateColumns: template }}
    >
      {children}
      {table.columns.map(({ id, header, title, figure }, i) => {
        const on = id === sort.column;
        const Arrow = sort.down ? ArrowDown : ArrowUp;
        return (
          <div
            key={id}
            role="columnheader"
            aria-sort={on ? (sort.down ? 'descending' : 'ascending') : 'none'}
            tabIndex={-1}
            className={figure ? 'pl-2 text-right' : table.columns[i - 1]?.figure ? 'pr-3 pl-4' : 'pr-3'}
          >
            <button
              type="button"
              title={title}
              tabIndex={on ? 0 : -1}
              onClick={() => sortBy(table, id, sort)}
              data-testid={`sort-${id}`}
              className={`inline-flex h-8 items-center gap-0.5 text-xs font-medium whitespace-nowrap hover:text-text ${on ? 'text-text' : 'text-soft'}`}
            >
              {on && <Arrow className="size-3" aria-hidden="true" />}
              {header}
            </button>
          </div>
        );
      })}
    </div>
  );
}
