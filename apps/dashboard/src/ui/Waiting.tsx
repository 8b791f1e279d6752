'use client';
import { useCity } from '../live/city-store.ts';
import { Mark } from './Mark.tsx';

const WORDS = {
  connecting: ['Looking for the dashboard’s hub', 'The city appears with the first snapshot.'],
  live: ['Reading the city', 'The first snapshot is on its way.'],
  reconnecting: ['The hub is away', 'The page tries again by itself. Routing and overrides go on without it.'],
  foreign: ['This page is older than the dashboard', 'Reload it to speak the same language again.'],
  empty: [
    'No ground to build on yet',
    'Namespaces, Services and nodes appear here as soon as the Kubernetes API knows them.',
  ],
} as const;

/** What stands in the place of the city while there is none. */
export function Waiting({ state }: { readonly state: 'loading' | 'empty' }) {
  const { link, fault } = useCity();
  const [title, detail] = WORDS[state === 'empty' ? 'empty' : link];
  return (
    <div className="pointer-events-none absolute inset-0 grid place-items-center" role="status">
      <div className="flex max-w-sm flex-col items-center gap-3 text-center">
        <span className={state === 'loading' ? 'breathing [&>svg]:size-9' : '[&>svg]:size-9'}>
          <Mark />
        </span>
        <p className="text-figure font-semibold">{title}</p>
        <p className="text-soft">{fault ?? detail}</p>
      </div>
    </div>
  );
}
