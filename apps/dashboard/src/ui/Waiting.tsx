'use client';
import { RefreshCw } from 'lucide-react';
import { useCity } from '../live/city-store.ts';
import { Button } from './Button.tsx';
import { Mark } from './Mark.tsx';

const WORDS = {
  connecting: ['Looking for the dashboard’s hub', 'The city appears with the first snapshot.'],
  live: ['Reading the city', 'The first snapshot is on its way.'],
  reconnecting: ['The hub is away', 'The page tries again by itself. Routing and overrides go on without it.'],
  foreign: ['This page is older than the dashboard', 'Reload it to speak the same language again.'],
  refused: [
    'The dashboard refuses this page',
    'It answers only pages under its own address: open it as localhost or 127.0.0.1, with the same port.',
  ],
  empty: [
    'No ground to build on yet',
    'Namespaces, Services and nodes appear here as soon as the Kubernetes API knows them.',
  ],
  filtered: ['Nothing passes the filter', 'All of the city is folded. Clear a part of the filter to see it again.'],
} as const;

/** What stands in the place of the city while there is none. */
export function Waiting({ state }: { readonly state: 'loading' | 'empty' }) {
  const { link, fault, folded } = useCity();
  const words = state === 'loading' ? link : folded ? 'filtered' : 'empty';
  const [title, detail] = WORDS[words];
  return (
    <div className="pointer-events-none absolute inset-0 grid place-items-center" role="status" data-testid="waiting">
      {state === 'loading' && <Outline />}
      <div className="relative flex max-w-sm flex-col items-center gap-3 rounded-card bg-ground/85 p-5 text-center">
        {/* While the snapshot comes the page has better things to do. */}
        <span className={state === 'loading' && link !== 'live' ? 'breathing [&>svg]:size-9' : '[&>svg]:size-9'}>
          <Mark />
        </span>
        <p className="text-figure font-semibold">{title}</p>
        <p className="text-soft">{fault === undefined ? detail : `What the hub sends is not understood: ${fault}`}</p>
        {words === 'foreign' && (
          <Button onClick={() => window.location.reload()} className="pointer-events-auto h-8!">
            <RefreshCw className="size-3.5" aria-hidden="true" />
            Reload
          </Button>
        )}
      </div>
    </div>
  );
}

/**
 * Three parcels with their rings, in the colours of the ground: where the city will be. They stand still: a browser without
 * a GPU would paint the whole screen sixty times a second, while the page has to read the city.
 */
function Outline() {
  return (
    <svg
      className="absolute inset-0 size-full"
      viewBox="0 0 1200 700"
      preserveAspectRatio="xMidYMid meet"
      aria-hidden="true"
    >
      <g fill="var(--land)" stroke="var(--land-edge)" strokeWidth="1.5">
        <rect x="120" y="60" width="480" height="570" rx="70" />
        <rect x="620" y="60" width="460" height="270" rx="60" />
        <rect x="620" y="350" width="460" height="280" rx="60" />
      </g>
      <g fill="none" stroke="var(--quiet)" strokeWidth="7">
        <circle cx="270" cy="200" r="44" />
        <circle cx="470" cy="320" r="36" />
        <circle cx="290" cy="480" r="36" />
        <circle cx="790" cy="190" r="36" />
        <circle cx="960" cy="210" r="32" />
        <circle cx="840" cy="490" r="38" />
      </g>
    </svg>
  );
}

/** Before the page runs: its bars in their places, so that nothing moves when they are filled. */
export function Skeleton() {
  return (
    <div className="flex h-dvh flex-col" aria-hidden="true">
      <div className="h-[52px] shrink-0 border-b border-line bg-chrome" />
      <div className="relative flex-1">
        <Outline />
      </div>
      <div className="h-[76px] shrink-0 pointer-coarse:h-24 border-t border-line bg-chrome" />
    </div>
  );
}
