'use client';
import { History } from 'lucide-react';
import { moment as momentWords, plural, span } from '../city/format.ts';
import { useCity } from '../live/city-store.ts';
import { backToLive, useRewind } from '../live/rewind.ts';
import { Button } from './Button.tsx';

/** Says that the map and the table are not of now, and of when they are; with the way back. */
export function RewindBanner() {
  const moment = useCity((state) => state.moment);
  const now = useCity((state) => state.stream.at);
  const { wanted, asking, fault } = useRewind();
  if (!moment && wanted === undefined) return null;
  return (
    <div
      role="status"
      data-testid="rewind-banner"
      className="z-10 flex min-h-9 shrink-0 items-center gap-2.5 border-b border-light/40 bg-light/15 px-4 py-1 text-text"
    >
      <History className={`size-4 shrink-0 text-light-ink ${asking ? 'breathing' : ''}`} aria-hidden="true" />
      <p className="min-w-0 flex-1">
        {moment ? (
          <>
            Traffic as it was at <b className="font-semibold">{momentWords(moment.at, now)}</b> (
            {span(moment.stepMilliseconds)} mean)
            <span className="text-soft"> · pods, Services and wishes as they are now · steering waits for live</span>
            {moment.folded > 0 && (
              <span className="text-light-ink"> · {plural(moment.folded, 'small edge')} not kept one by one</span>
            )}
            {moment.edges.size === 0 && <span className="text-light-ink"> · no edge is known of then</span>}
          </>
        ) : fault === undefined ? (
          'Asking the hub how it was…'
        ) : (
          'The map shows the traffic of now'
        )}
        {fault !== undefined && <span className="text-drain-ink"> · that moment cannot be shown: {fault}</span>}
      </p>
      <Button onClick={backToLive} data-testid="back-to-live">
        Back to live
        <kbd className="rounded-[5px] border border-line px-1 font-sans text-xs font-normal text-soft">esc</kbd>
      </Button>
    </div>
  );
}
