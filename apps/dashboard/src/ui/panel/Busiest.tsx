'use client';
import { Fragment, useMemo } from 'react';
import { count, percent, rate, size } from '../../city/format.ts';
import { busiest, type Leaders, type Ranked } from '../../city/ranking.ts';
import type { NamedEdge } from '../../city/scope.ts';
import type { Survey } from '../../city/survey.ts';
import { goTo, useView } from '../../live/view-store.ts';

/** One sentence: who gets the most, and from whom; of equals that they are. */
export function Busiest({ survey, into }: { readonly survey: Survey; readonly into: readonly NamedEdge[] }) {
  const measure = useView((state) => state.metric);
  const found = useMemo(() => busiest(survey.city, into, measure), [survey, into, measure]);
  if (!found) return null;
  const { backends, clients } = found;
  const [first] = backends.rows as [Ranked];
  const amount = measure === 'bytes' ? `${size(backends.amount)}/s` : `${rate(backends.amount)} new conn/s`;
  return (
    <p className="mt-3 rounded-card border border-line bg-raised px-3 py-2" data-testid="busiest">
      {backends.rows.length === 1 ? (
        <>
          <Name of={first} /> gets the most: {amount}, {percent(first.share)} of it all, <FromWhom clients={clients} />.
        </>
      ) : (
        <>
          <Names of={backends} most={3} /> get the most, each about {amount}, <FromWhom clients={clients} />.
        </>
      )}
    </p>
  );
}

function FromWhom({ clients }: { readonly clients: Leaders }) {
  const [first] = clients.rows as [Ranked];
  if (clients.rows.length > 1) {
    return (
      <>
        from <Names of={clients} most={1} />
      </>
    );
  }
  return (
    <>
      {first.share > 0.5 ? 'most' : 'the largest part'} of that from <Name of={first} /> ({percent(first.share)})
    </>
  );
}

interface NamesProps {
  readonly of: Leaders;
  /** So many are named; the others are in the list below. */
  readonly most: number;
}

/** `a (31 %), b (30 %) and 4 more`. */
function Names({ of: { rows }, most }: NamesProps) {
  const named = rows.slice(0, most);
  const more = rows.length - named.length;
  return (
    <>
      {named.map((row, i) => (
        <Fragment key={row.id}>
          {i > 0 && (i === named.length - 1 && more === 0 ? ' and ' : ', ')}
          <Name of={row} /> ({percent(row.share)})
        </Fragment>
      ))}
      {more > 0 && ` and ${count(more)} more`}
    </>
  );
}

function Name({ of: { name, selection } }: { readonly of: Ranked }) {
  if (!selection) return <b className="code font-semibold wrap-anywhere">{name}</b>;
  return (
    <button
      type="button"
      onClick={() => goTo(selection)}
      className="code text-left font-semibold underline decoration-line underline-offset-3 wrap-anywhere hover:decoration-text"
    >
      {name}
    </button>
  );
}
