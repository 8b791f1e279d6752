'use client';
import { CircleAlert, Info } from 'lucide-react';
import { useState } from 'react';
import { type CityEvent, eventsAbout, type Subject } from '../../city/events.ts';
import { age, count } from '../../city/format.ts';
import { useCity } from '../../live/city-store.ts';
import { useNow } from '../use-now.ts';
import { Section } from './parts.tsx';

const FIRST = 4;

/** What the cluster said about these things within the last hour; or that nobody may read it. */
export function Events({ subjects }: { readonly subjects: readonly Subject[] }) {
  const city = useCity((state) => state.whole.city);
  const then = useCity((state) => state.moment?.at);
  const now = useNow(1000);
  const [all, setAll] = useState(false);
  const reading = [...city.cluster.values()][0]?.events;
  const events = eventsAbout(city, subjects, then);
  const shown = all ? events : events.slice(0, FIRST);
  return (
    <Section title="Events" aside={events.length > FIRST ? count(events.length) : undefined}>
      {reading?.state === 'unreadable' && (
        <p
          className="hatched mb-1.5 rounded-control px-2.5 py-1.5 text-sm wrap-anywhere"
          data-testid="events-unreadable"
        >
          Events cannot be read: {reading.why ?? 'the API does not say why'}
        </p>
      )}
      {reading?.state === 'reading' && <p className="text-soft">Events are being read.</p>}
      {reading?.state === 'live' && events.length === 0 && <p className="text-soft">None in the last hour.</p>}
      <ul className="divide-y divide-line" data-testid="events">
        {shown.map((event) => (
          <EventLine key={event.id} event={event} now={then ?? now} among={subjects.length} />
        ))}
      </ul>
      {events.length > FIRST && (
        <button
          type="button"
          aria-expanded={all}
          onClick={() => setAll(!all)}
          className="mt-1 text-sm text-soft underline-offset-2 hover:text-text hover:underline"
        >
          {all ? 'Show fewer' : `Show all ${count(events.length)}`}
        </button>
      )}
    </Section>
  );
}

interface LineProps {
  readonly event: CityEvent;
  readonly now: number;
  /** Things of which events are shown: among several each event names its own. */
  readonly among: number;
}

function EventLine({ event, now, among }: LineProps) {
  const { warning, reason, note, about, source, at } = event;
  const Sign = warning ? CircleAlert : Info;
  return (
    <li className="flex gap-2 py-1.5">
      <Sign
        className={`mt-0.5 size-3.5 shrink-0 ${warning ? 'text-light-ink' : 'text-soft'}`}
        aria-label={warning ? 'Warning' : 'Normal'}
      />
      <div className="min-w-0 flex-1">
        <p className="flex gap-2">
          <span className={`min-w-0 truncate font-medium ${warning ? 'text-light-ink' : ''}`}>{reason}</span>
          {event.count > 1 && <span className="shrink-0 text-soft">×{count(event.count)}</span>}
          <span className="ml-auto shrink-0 text-soft">{now >= at ? `${age(now - at)} ago` : 'after this moment'}</span>
        </p>
        <p className="text-sm text-soft wrap-anywhere">
          {among > 1 && <span className="code">{about.name} </span>}
          {note}
          {source !== undefined && ` · ${source}`}
        </p>
      </div>
    </li>
  );
}
