'use client';
import { History } from 'lucide-react';
import { age, moment as momentWords, plural, span } from '../city/format.ts';
import { type Moment, meanOf } from '../city/moment.ts';
import { useCity } from '../live/city-store.ts';
import { backToLive, useRewind } from '../live/rewind.ts';
import { Button } from './Button.tsx';
import { useNow } from './use-now.ts';

/** Says that the map and the tables are not of now, and of when they are; with the way back. */
export function RewindBanner() {
  const moment = useCity((state) => state.moment);
  const { wanted, asking, fault, playing, speed } = useRewind();
  if (!moment && wanted === undefined) return null;
  return (
    <div
      role="status"
      aria-live={playing ? 'off' : 'polite'}
      data-testid="rewind-banner"
      className="past z-10 flex min-h-9 shrink-0 items-center gap-2.5 border-b border-light/40 px-4 py-1 text-text"
    >
      <History className={`size-4 shrink-0 text-light-ink ${asking ? 'breathing' : ''}`} aria-hidden="true" />
      <p className="min-w-0 flex-1">
        {moment ? (
          <Then moment={moment} wanted={wanted} replay={playing ? `replayed ${speed}×` : undefined} />
        ) : fault === undefined ? (
          'Asking the hub how it was…'
        ) : (
          'The map shows the traffic of now'
        )}
        {fault !== undefined && <span className="text-drain-ink"> · that moment cannot be shown: {fault}</span>}
      </p>
      <Button onClick={backToLive} data-testid="back-to-live" className="h-8!">
        Back to live
        <kbd className="rounded-[5px] border border-line px-1 font-sans text-xs font-normal text-soft">L</kbd>
      </Button>
    </div>
  );
}

interface ThenProps {
  readonly moment: Moment;
  readonly wanted: number | undefined;
  /** How fast, when it goes on by itself. */
  readonly replay?: string;
}

/** Between two moments that are kept lies a step; when it is longer, nobody told the hub anything. */
function Then({ moment, wanted, replay }: ThenProps) {
  const now = useNow(1000);
  const off = wanted === undefined ? 0 : wanted - moment.at;
  return (
    <>
      Traffic as it was at <b className="font-semibold">{momentWords(moment.at, now)}</b>
      {/* Not read aloud: it would be said anew every second. */}
      <span aria-hidden="true">, {age(now - moment.at)} ago</span>
      {replay && ` · ${replay}`}
      {off > 2 * moment.stepMilliseconds + 2000 && (
        <span className="text-light-ink" data-testid="not-known">
          {' '}
          · of {momentWords(wanted ?? 0, now)} nothing is known: this is the last before it
        </span>
      )}
      <span className="text-soft">
        {' '}
        · mean of {span(meanOf(moment))} · pods, Services and wishes as they are now · refusals by policy are not kept ·
        steering waits for live
      </span>
      {moment.folded > 0 && (
        <span className="text-light-ink"> · {plural(moment.folded, 'small edge')} not kept one by one</span>
      )}
      {moment.edges.size === 0 && <span className="text-light-ink"> · no edge is known of then</span>}
    </>
  );
}
