'use client';
import { CircleCheck, TriangleAlert, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { silentNodes } from '../city/coverage.ts';
import { plural, rate, second, size } from '../city/format.ts';
import { bytesPerSecond, open } from '../city/traffic.ts';
import { troublesOf } from '../city/troubles.ts';
import { useCity } from '../live/city-store.ts';
import { useAwake, useFullScreen, useRevival, useTour } from '../live/use-wall.ts';
import { setWall, useView } from '../live/view-store.ts';
import { LinkBanner } from './LinkBanner.tsx';
import { LivePill } from './LivePill.tsx';
import { MapView } from './MapView.tsx';
import { RewindBanner } from './RewindBanner.tsx';
import { useMedia, useNow } from './use-now.ts';

/** Troubles on the strip at a time. */
const SHOWN = 2;
/** Height of a window on a desk, pixels: what is drawn for it can be read at arm's length. */
const DESK = 760;

/** The map and nothing but a strip that can be read from across the room. */
export function Wall() {
  const view = useView((state) => state.view);
  useFullScreen();
  useAwake();
  useRevival();
  useTour(useMedia('(prefers-reduced-motion: reduce)'));
  return (
    <div className="flex h-dvh flex-col" data-testid="wall">
      <RewindBanner />
      <main className="relative min-h-0 flex-1" aria-label="Map">
        {/* Larger words over the same ground. A zoomed map misplaces the pointer: what is touched here are its controls. */}
        <div
          className="@container absolute inset-0 [&_[data-testid=map]]:pointer-events-none"
          style={{ zoom: useLarger() }}
        >
          <MapView lens={view === 'directory' ? 'services' : view} />
        </div>
        <LinkBanner />
      </main>
      <Strip />
    </div>
  );
}

/** How much larger the map is written, so that it is read from as far as a screen of its size is looked at. */
function useLarger(): number {
  const [height, setHeight] = useState(window.innerHeight);
  useEffect(() => {
    const follow = () => setHeight(window.innerHeight);
    window.addEventListener('resize', follow);
    return () => window.removeEventListener('resize', follow);
  }, []);
  return Math.max(1, height / DESK);
}

function Strip() {
  const { survey, moment, stream } = useCity();
  const now = useNow(1000);
  const { city, sums } = survey;
  const name = [...city.cluster.values()][0]?.name ?? 'Kubecity';
  const atLeast = silentNodes(city).length > 0;
  return (
    <section
      className="flex shrink-0 items-center gap-[2vw] border-t border-line bg-chrome px-[1.5vw] py-[0.5vw]"
      aria-label="Of the whole city"
    >
      <div className="shrink-0 [&_[data-testid=live-state]]:text-[0.95vw]">
        <h1 className="text-[1.5vw] leading-tight font-semibold">{name}</h1>
        <LivePill />
      </div>
      <p className="shrink-0 text-[2.2vw] leading-none font-semibold tabular-nums" data-testid="wall-time">
        {second(moment?.at ?? now)}
      </p>
      <Figure value={rate(sums.all.openedPerSecond)} unit="new conn/s" atLeast={atLeast} />
      <Figure value={`${size(bytesPerSecond(sums.all))}/s`} unit="both ways" atLeast={atLeast} />
      <Figure value={String(open(sums.all))} unit="open" atLeast={atLeast} />
      <Troubles of={troublesOf(survey, moment ? stream.at : now)} />
      <button
        type="button"
        aria-label="Leave the wall"
        title="Leave the wall (w)"
        onClick={() => setWall(false)}
        className="grid size-[max(40px,2.4vw)] shrink-0 place-items-center rounded-control text-soft hover:bg-hover hover:text-text"
      >
        <X className="size-1/2" />
      </button>
    </section>
  );
}

interface FigureProps {
  readonly value: string;
  readonly unit: string;
  readonly atLeast: boolean;
}

function Figure({ value, unit, atLeast }: FigureProps) {
  return (
    <p className="shrink-0 leading-tight">
      <b className="block text-[1.6vw] font-semibold whitespace-nowrap tabular-nums">
        {atLeast && <span className="font-normal text-light-ink">≥ </span>}
        {value}
      </b>
      <span className="text-[0.95vw] text-soft">{unit}</span>
    </p>
  );
}

function Troubles({ of }: { readonly of: ReturnType<typeof troublesOf> }) {
  if (of.length === 0) {
    return (
      <p className="ml-auto flex items-center gap-[0.6vw] text-[1.3vw] text-live-ink">
        <CircleCheck className="size-[1.4vw]" aria-hidden="true" />
        Nothing is wrong
      </p>
    );
  }
  return (
    <ul className="ml-auto min-w-0 text-[1.15vw] leading-snug" aria-label="What is wrong, the worst first">
      {of.slice(0, SHOWN).map(({ words, tone }) => (
        <li
          key={words}
          className={`flex items-center gap-[0.6vw] ${tone === 'wrong' ? 'text-drain-ink' : 'text-soft'}`}
        >
          <TriangleAlert className="size-[1.1vw] shrink-0" aria-hidden="true" />
          <span className="truncate">{words}</span>
        </li>
      ))}
      {of.length > SHOWN && <li className="pl-[1.7vw] text-soft">and {plural(of.length - SHOWN, 'lesser one')}</li>}
    </ul>
  );
}
