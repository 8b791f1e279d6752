'use client';
import { X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { age, moment as momentWords, second, span } from '../../city/format.ts';
import { meanOf } from '../../city/moment.ts';
import { useCity } from '../../live/city-store.ts';
import { showTable } from '../../live/view-store.ts';
import { useNow } from '../use-now.ts';
import { AtLeast } from './AtLeast.tsx';
import { TrafficTable } from './TrafficTable.tsx';

/** The traffic table below the map: what the roads carry, in figures, of the same moment. */
export function TrafficPanel() {
  return (
    <section
      aria-label="Traffic table"
      data-testid="traffic-panel"
      className="rising flex h-[38vh] min-h-44 shrink-0 flex-col border-t border-line bg-panel"
    >
      <TrafficView title="Traffic">
        <button
          type="button"
          aria-label="Close the traffic table"
          onClick={() => showTable(false)}
          className="grid size-7 place-items-center rounded-control text-soft transition-colors duration-150 hover:bg-hover hover:text-text"
        >
          <X className="size-4" />
        </button>
      </TrafficView>
    </section>
  );
}

interface ViewProps {
  readonly title?: string;
  /** At the end of the bar. */
  readonly children?: ReactNode;
}

/** The table under its bar: of which moment it is, and what rows are sought. */
export function TrafficView({ title, children }: ViewProps) {
  const arrived = useCity((state) => state.arrived);
  const [filter, setFilter] = useState('');
  return (
    <>
      <div className="flex h-10 shrink-0 items-center gap-3 border-b border-line px-3">
        {title !== undefined && <h2 className="font-semibold">{title}</h2>}
        <Moment />
        <AtLeast />
        <input
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
          placeholder="Only edges with…"
          aria-label="Filter edges by client, Service port, backend or state"
          data-testid="traffic-filter"
          className="ml-auto h-7 w-60 rounded-control border border-line bg-sunk px-2.5 outline-none placeholder:text-soft focus:border-live"
        />
        {children}
      </div>
      {arrived ? (
        <TrafficTable filter={filter} />
      ) : (
        <p className="breathing grid flex-1 place-items-center text-soft" role="status" data-testid="traffic-loading">
          Waiting for the first snapshot…
        </p>
      )}
    </>
  );
}

/** The moment that map and table show. */
function Moment() {
  const now = useNow(500);
  const at = useCity((state) => state.stream.at);
  const moment = useCity((state) => state.moment);
  const arrived = useCity((state) => state.arrived);
  if (!arrived) return null;
  if (moment) {
    return (
      <p className="text-sm whitespace-nowrap text-light-ink" data-testid="traffic-moment" data-at={moment.at}>
        as it was at {momentWords(moment.at, now)} · rates over {span(meanOf(moment))}
      </p>
    );
  }
  return (
    <p className="text-sm whitespace-nowrap text-soft" data-testid="traffic-moment" data-at={at}>
      as of {second(at)}, {age(now - at)} ago · rates over 10 s
    </p>
  );
}
