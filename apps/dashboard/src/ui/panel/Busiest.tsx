'use client';
import { useMemo, useRef } from 'react';
import { percent, rate, size } from '../../city/format.ts';
import { busiest, type Busiest as Found, measured, type Ranked } from '../../city/ranking.ts';
import type { NamedEdge } from '../../city/scope.ts';
import type { Survey } from '../../city/survey.ts';
import { goTo, useView } from '../../live/view-store.ts';

/** One sentence: who gets the most, and from whom. */
export function Busiest({ survey, into }: { readonly survey: Survey; readonly into: readonly NamedEdge[] }) {
  const measure = useView((state) => state.metric);
  const last = useRef<Found>(undefined);
  const found = useMemo(() => {
    last.current = busiest(survey.city, into, measure, last.current);
    return last.current;
  }, [survey, into, measure]);
  if (!found) return null;
  const { backend, client } = found;
  const amount = measured(backend.traffic, measure);
  return (
    <p className="mt-3 rounded-card border border-line bg-raised px-3 py-2" data-testid="busiest">
      <Name of={backend} /> gets the most: {measure === 'bytes' ? `${size(amount)}/s` : `${rate(amount)} new conn/s`},{' '}
      {percent(backend.share)} of it all, {client.share > 0.5 ? 'most' : 'the largest part'} of that from{' '}
      <Name of={client} /> ({percent(client.share)}).
    </p>
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
