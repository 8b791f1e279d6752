'use client';
import { Tooltip } from 'radix-ui';
import { useEffect, useState } from 'react';
import { useCity } from '../live/city-store.ts';
import { openLink } from '../live/link.ts';
import { openView, useView } from '../live/view-store.ts';
import { WhyCard } from './ask/WhyCard.tsx';
import { Directory } from './Directory.tsx';
import { FindBox } from './FindBox.tsx';
import { FilterBar } from './filter/FilterBar.tsx';
import { Header } from './Header.tsx';
import { Keys } from './Keys.tsx';
import { takeKey } from './keys.ts';
import { LinkBanner } from './LinkBanner.tsx';
import { MapView } from './MapView.tsx';
import { OnlyBanner } from './OnlyBanner.tsx';
import { Panel } from './panel/Panel.tsx';
import { RewindBanner } from './RewindBanner.tsx';
import { SteerSheet } from './steer/SteerSheet.tsx';
import { TimeLine } from './TimeLine.tsx';
import { Toasts } from './Toasts.tsx';
import { Compare } from './time/Compare.tsx';
import { TrafficPanel } from './traffic/TrafficPanel.tsx';
import { Skeleton } from './Waiting.tsx';
import { Wall } from './Wall.tsx';

/** The whole screen. Everything on it follows from records of the hub, so there is nothing to show before the page runs. */
export function Shell() {
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const closeView = openView();
    const closeLink = openLink();
    window.addEventListener('keydown', takeKey);
    setReady(true);
    return () => {
      closeView();
      closeLink();
      window.removeEventListener('keydown', takeKey);
    };
  }, []);
  if (!ready) return <Skeleton />;
  return <City />;
}

function City() {
  const wall = useView((state) => state.wall);
  return (
    <Tooltip.Provider delayDuration={250}>
      {wall ? <Wall /> : <Workplace />}
      <FindBox />
      <SteerSheet />
      <Keys />
      <Toasts />
    </Tooltip.Provider>
  );
}

/** Everything a person works with. */
function Workplace() {
  const view = useView((state) => state.view);
  const table = useView((state) => state.table);
  return (
    <div className="flex h-dvh flex-col">
      <Header />
      <RewindBanner />
      <FilterBar />
      <OnlyBanner />
      <div className="relative flex min-h-0 flex-1">
        <WhyCard />
        <div className="flex min-w-0 flex-1 flex-col">
          <main className="@container relative min-h-0 flex-1" aria-label={view === 'directory' ? 'Directory' : 'Map'}>
            {view === 'directory' ? <Directory /> : <MapView lens={view} />}
            <Compare />
            <PastFrame />
            <LinkBanner />
          </main>
          {table && view !== 'directory' && <TrafficPanel />}
        </div>
        <Panel />
      </div>
      <TimeLine />
    </div>
  );
}

/** A line in the colour of the banner around everything that is of the past. */
function PastFrame() {
  const past = useCity((state) => state.moment !== undefined);
  if (!past) return null;
  return <div className="pointer-events-none absolute inset-0 z-10 border-2 border-light/60" aria-hidden="true" />;
}
