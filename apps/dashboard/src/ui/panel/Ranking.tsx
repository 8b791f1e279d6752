'use client';
import { useMemo, useRef, useState } from 'react';
import { count, percent, rate, size } from '../../city/format.ts';
import { measured, type Ranked, standing } from '../../city/ranking.ts';
import { goTo, useView } from '../../live/view-store.ts';
import { Section } from './parts.tsx';

interface Props {
  readonly title: string;
  readonly rows: readonly Ranked[];
  /** Said in place of an empty list. */
  readonly none: string;
  readonly testId: string;
}

/** So many lines stand there at once; a click shows more. */
const FIRST = 5;
const MOST = 100;

/** Who has how much of it, the most first: a name, its part as a bar, and the figure. Nothing moves under a pointer or the focus. */
export function Ranking({ title, rows, none, testId }: Props) {
  const [all, setAll] = useState(false);
  const held = useRef<readonly string[]>(undefined);
  const order = useMemo(() => (held.current ? standing(rows, held.current) : rows), [rows]);
  const hold = () => {
    held.current ??= rows.map(({ id }) => id);
  };
  const release = () => {
    held.current = undefined;
  };
  const shown = order.slice(0, all ? MOST : FIRST);
  return (
    <Section title={title} aside={rows.length > FIRST ? count(rows.length) : undefined}>
      {rows.length === 0 && <p className="text-soft">{none}</p>}
      <ol
        className="-mx-2.5"
        data-testid={testId}
        onPointerEnter={hold}
        onPointerLeave={release}
        onFocus={hold}
        onBlur={release}
      >
        {shown.map((row) => (
          <li key={row.id}>
            <RankedLine row={row} />
          </li>
        ))}
      </ol>
      {rows.length > FIRST && (
        <button
          type="button"
          onClick={() => setAll(!all)}
          aria-expanded={all}
          className="mt-1 text-sm text-soft underline-offset-2 hover:text-text hover:underline"
        >
          {all ? 'Show fewer' : `Show ${rows.length > MOST ? `the first ${MOST}` : `all ${count(rows.length)}`}`}
        </button>
      )}
      {all && rows.length > MOST && (
        <p className="mt-1 text-sm text-soft">{count(rows.length - MOST)} more are in the traffic table.</p>
      )}
    </Section>
  );
}

function RankedLine({ row }: { readonly row: Ranked }) {
  const { name, detail, selection, share } = row;
  const line = (
    <>
      <span
        className="absolute inset-y-0.5 left-0 rounded-control bg-light/14 transition-[width] duration-300"
        style={{ width: `${share * 100}%` }}
        aria-hidden="true"
      />
      <span className="relative min-w-0 flex-1 truncate" title={name}>
        <span className="code">{name}</span>
        {detail !== undefined && <span className="text-soft"> · {detail}</span>}
      </span>
      <Amount row={row} />
    </>
  );
  const look = 'relative flex w-full items-center gap-3 rounded-control px-2.5 py-1.5 text-left';
  if (!selection) return <div className={look}>{line}</div>;
  return (
    <button
      type="button"
      onClick={() => goTo(selection)}
      className={`${look} transition-colors duration-150 hover:bg-hover`}
    >
      {line}
    </button>
  );
}

function Amount({ row: { traffic, share } }: { readonly row: Ranked }) {
  const measure = useView((state) => state.metric);
  const amount = measured(traffic, measure);
  return (
    <>
      <span className="relative shrink-0">
        {measure === 'bytes' ? size(amount) : rate(amount)}/s
        <span className="sr-only">{measure === 'bytes' ? ' of traffic' : ' new connections'},</span>
      </span>
      <span className="relative w-11 shrink-0 text-right whitespace-nowrap text-soft">{percent(share)}</span>
    </>
  );
}
