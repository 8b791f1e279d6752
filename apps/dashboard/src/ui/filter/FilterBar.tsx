'use client';
import { Fence, TriangleAlert, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { chipsOf, FACETS } from '../../city/facets.ts';
import { isFiltering, NO_FILTER } from '../../city/filter.ts';
import { count, plural, rate } from '../../city/format.ts';
import { useCity } from '../../live/city-store.ts';
import { setFilter, useView } from '../../live/view-store.ts';
import { FacetPicker } from './FacetPicker.tsx';

/** What of the city is shown: every condition can be set here, is told as a chip, and what it leaves out is counted. */
export function FilterBar() {
  const open = useView((state) => state.filtering);
  const filter = useCity((state) => state.filter);
  if (!open && !isFiltering(filter)) return null;
  return (
    <section
      aria-label="Filter"
      data-testid="filter-bar"
      className="z-10 flex min-h-10 shrink-0 flex-wrap items-center gap-x-1 gap-y-1 border-b border-line bg-chrome px-4 py-1"
    >
      {FACETS.map((facet) => (
        <FacetPicker key={facet.id} facet={facet} />
      ))}
      <button
        type="button"
        aria-pressed={filter.errors}
        data-testid="filter-errors"
        title="Only where connections are refused, by policies too, or stay without an answer"
        onClick={() => setFilter({ ...filter, errors: !filter.errors })}
        className="touchable flex h-8 items-center gap-1.5 rounded-control px-2.5 text-sm font-medium text-soft transition-colors duration-150 hover:bg-hover hover:text-text aria-pressed:bg-drain/12 aria-pressed:text-drain-ink"
      >
        <TriangleAlert className="size-3.5" aria-hidden="true" />
        Errors only
      </button>
      <button
        type="button"
        aria-pressed={filter.barred}
        data-testid="filter-barred"
        title="Only where network policies refuse attempts: no other traffic"
        onClick={() => setFilter({ ...filter, barred: !filter.barred })}
        className="touchable flex h-8 items-center gap-1.5 rounded-control px-2.5 text-sm font-medium text-soft transition-colors duration-150 hover:bg-hover hover:text-text aria-pressed:bg-drain/12 aria-pressed:text-drain-ink"
      >
        <Fence className="size-3.5" aria-hidden="true" />
        Refused by policy
      </button>
      <LeastRate />
      <Shown />
      <button
        type="button"
        aria-label="Clear and close the filter"
        data-testid="filter-close"
        onClick={() => {
          setFilter(NO_FILTER);
          useView.setState({ filtering: false });
        }}
        className="touchable grid size-8 place-items-center rounded-control text-soft transition-colors duration-150 hover:bg-hover hover:text-text"
      >
        <X className="size-4" />
      </button>
      <Chips />
    </section>
  );
}

/** Taken with Enter or on leaving: half a number is no wish. */
function LeastRate() {
  const filter = useCity((state) => state.filter);
  const [text, setText] = useState('');
  useEffect(() => setText(filter.minRate > 0 ? String(filter.minRate) : ''), [filter.minRate]);
  const take = () => {
    const wanted = Number(text.replace(',', '.'));
    const minRate = Number.isFinite(wanted) && wanted > 0 ? Math.min(1e9, wanted) : 0;
    if (minRate === filter.minRate) setText(minRate > 0 ? String(minRate) : '');
    else setFilter({ ...filter, minRate });
  };
  return (
    <label className="flex h-8 items-center gap-1.5 px-2.5 text-sm font-medium text-soft">
      At least
      <input
        value={text}
        inputMode="decimal"
        aria-label="At least so many new connections per second on an edge"
        data-testid="filter-rate"
        onChange={(event) => setText(event.target.value)}
        onBlur={take}
        onKeyDown={(event) => {
          if (event.key === 'Enter') take();
        }}
        placeholder="0"
        className="h-7 w-14 rounded-control border border-line bg-sunk px-2 text-right text-text outline-none placeholder:text-soft focus:border-live"
      />
      new/s
    </label>
  );
}

function Chips() {
  const filter = useCity((state) => state.filter);
  const chips = chipsOf(filter);
  if (chips.length === 0) return null;
  return (
    <ul className="flex max-h-24 basis-full flex-wrap gap-1 overflow-y-auto pl-1 pb-0.5" aria-label="What is filtered">
      {chips.map(({ id, words, without }) => (
        <li key={id}>
          <button
            type="button"
            aria-label={`Remove: ${words}`}
            data-testid="filter-chip"
            data-chip={id}
            onClick={() => setFilter(without)}
            className="touchable flex h-7 max-w-72 items-center gap-1.5 rounded-full border border-live/35 bg-live/10 pr-2 pl-2.5 text-sm text-text transition-colors duration-150 hover:border-live"
          >
            <span className="truncate">{words}</span>
            <X className="size-3 shrink-0 text-soft" aria-hidden="true" />
          </button>
        </li>
      ))}
    </ul>
  );
}

/**
 * `12 of 40 Services · 340 of 900 new conn/s shown`; where only refusals by policy are shown, `4 of 5 pairs refused by policy
 * shown`: a pair is a client and the port it tries. What is folded is the difference.
 */
function Shown() {
  const { survey, whole, folded, filter } = useCity();
  const [shown, all] = [survey.city.service.size, whole.city.service.size];
  const [some, total] = [survey.sums.all.openedPerSecond, whole.sums.all.openedPerSecond];
  return (
    <p className="ml-auto pl-3 text-sm whitespace-nowrap text-soft" role="status" data-testid="filter-shown">
      {folded ? (
        <>
          <b className="font-medium text-text">{count(shown)}</b> of {plural(all, 'Service')} ·{' '}
          {filter.barred ? (
            <>
              <b className="font-medium text-text">{count(survey.city.refusal.size)}</b> of{' '}
              {plural(whole.city.refusal.size, 'pair')} refused by policy shown
            </>
          ) : (
            <>
              <b className="font-medium text-text">{rate(some)}</b> of {rate(total)} new conn/s shown
            </>
          )}
        </>
      ) : (
        'Everything is shown'
      )}
      {folded && (
        <button
          type="button"
          data-testid="filter-clear"
          onClick={() => setFilter(NO_FILTER)}
          className="touchable ml-2 h-7 rounded-control px-2 font-medium text-live-ink hover:bg-hover"
        >
          Clear
        </button>
      )}
    </p>
  );
}
