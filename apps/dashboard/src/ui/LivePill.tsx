'use client';
import { age, plural } from '../city/format.ts';
import { freshnessOf } from '../city/freshness.ts';
import { useCity } from '../live/city-store.ts';
import { useNow } from './use-now.ts';

/** How fresh the page is: live, reconnecting or stale, the age of the last frame, and the agents that are heard. */
export function LivePill() {
  const { link, arrived, heardAt, whole, moment } = useCity();
  useNow(400);
  const nodes = [...whole.city.node.values()];
  const heard = nodes.filter((node) => node.agent.state === 'live').length;
  const silent = arrived ? performance.now() - heardAt : 0;
  const apiGone = [...whole.city.cluster.values()].some((cluster) => cluster.apiState === 'reconnecting');
  const state = freshnessOf({ link, arrived, heardAt }, performance.now());
  // The connection may be live while the map is not: the word must not say of one what holds of the other.
  const past = moment !== undefined && state === 'live';
  const fresh = state === 'live' && !past;
  const dot = fresh
    ? 'bg-live'
    : past
      ? 'bg-light'
      : state === 'foreign' || state === 'refused'
        ? 'bg-drain'
        : 'bg-light breathing';
  return (
    <div
      className="flex items-center gap-2 text-sm whitespace-nowrap"
      data-testid="live-state"
      data-state={state}
      role="status"
      aria-live="off"
    >
      <span className={`size-2 rounded-full ${dot}`} aria-hidden="true" />
      <span className={fresh ? 'font-medium text-live-ink' : 'font-medium text-light-ink'}>
        {past ? 'Past' : WORDS[state]}
      </span>
      {arrived && (
        <span className="text-soft">
          {past ? 'hub ' : ''}
          {age(silent)} · {heard} of {plural(nodes.length, 'agent')}
        </span>
      )}
      {apiGone && <span className="rounded-full bg-light/15 px-2 text-light-ink">Kubernetes API away</span>}
    </div>
  );
}

const WORDS = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  stale: 'Stale',
  foreign: 'Reload needed',
  refused: 'Refused',
} as const;
