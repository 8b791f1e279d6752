'use client';
import { Tooltip } from 'radix-ui';
import { useEffect, useState } from 'react';
import { openLink } from '../live/link.ts';
import { backToLive, useRewind } from '../live/rewind.ts';
import { openView, select, showTable, useView } from '../live/view-store.ts';
import { ConfirmEmpty } from './ConfirmEmpty.tsx';
import { Directory } from './Directory.tsx';
import { FindBox } from './FindBox.tsx';
import { Header } from './Header.tsx';
import { MapView } from './MapView.tsx';
import { OnlyBanner } from './OnlyBanner.tsx';
import { Panel } from './panel/Panel.tsx';
import { RewindBanner } from './RewindBanner.tsx';
import { TimeLine } from './TimeLine.tsx';
import { Toasts } from './Toasts.tsx';
import { TrafficPanel } from './traffic/TrafficPanel.tsx';

/** The whole screen. Everything on it follows from records of the hub, so there is nothing to show before the page runs. */
export function Shell() {
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const closeView = openView();
    const closeLink = openLink();
    window.addEventListener('keydown', onKey);
    setReady(true);
    return () => {
      closeView();
      closeLink();
      window.removeEventListener('keydown', onKey);
    };
  }, []);
  if (!ready) return null;
  return <City />;
}

function City() {
  const view = useView((state) => state.view);
  const table = useView((state) => state.table);
  return (
    <Tooltip.Provider delayDuration={250}>
      <div className="flex h-dvh flex-col">
        <Header />
        <RewindBanner />
        <OnlyBanner />
        <div className="flex min-h-0 flex-1">
          <div className="flex min-w-0 flex-1 flex-col">
            <main className="relative min-h-0 flex-1" aria-label={view === 'directory' ? 'Directory' : 'Map'}>
              {view === 'directory' ? <Directory /> : <MapView lens={view} />}
            </main>
            {table && view !== 'directory' && <TrafficPanel />}
          </div>
          <Panel />
        </div>
        <TimeLine />
      </div>
      <FindBox />
      <ConfirmEmpty />
      <Toasts />
    </Tooltip.Provider>
  );
}

function onKey(event: KeyboardEvent): void {
  const typing = event.target instanceof HTMLElement && event.target.closest('input, textarea, [contenteditable]');
  const command = (event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k';
  if (command || (event.key === '/' && !typing)) {
    event.preventDefault();
    useView.setState({ finding: true });
    return;
  }
  if (event.key === 't' && !typing && !event.metaKey && !event.ctrlKey && !event.altKey && !inDialog(event)) {
    showTable(!useView.getState().table);
    return;
  }
  // Open dialogs close themselves on Escape and mark the event as done.
  if (event.key !== 'Escape' || event.defaultPrevented || typing || useView.getState().finding || inDialog(event))
    return;
  // The past is left first: whatever is selected, nobody should mistake it for now.
  if (useRewind.getState().wanted !== undefined) backToLive();
  else select(undefined);
}

const inDialog = (event: KeyboardEvent): boolean =>
  event.target instanceof HTMLElement && event.target.closest('[role=dialog], [role=alertdialog]') !== null;
