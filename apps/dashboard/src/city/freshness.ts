/** How the page stands to the hub. */
export type Freshness = 'connecting' | 'live' | 'reconnecting' | 'stale' | 'foreign' | 'refused';

/** The hub sends a time-line point every 5 s at least; twice that and a little is silence, milliseconds. */
const SILENCE = 12_000;

interface Heard {
  readonly link: Exclude<Freshness, 'stale'>;
  readonly arrived: boolean;
  /** On the page's own clock, milliseconds. */
  readonly heardAt: number;
}

/** `now` on the clock of `heardAt`. A connection without words is stale, one without a city is none yet. */
export function freshnessOf({ link, arrived, heardAt }: Heard, now: number): Freshness {
  if (link !== 'live') return link;
  if (!arrived) return 'connecting';
  return now - heardAt > SILENCE ? 'stale' : 'live';
}
