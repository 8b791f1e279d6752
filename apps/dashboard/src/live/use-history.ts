import { useEffect, useState } from 'react';
import type { History, Range } from '../city/history.ts';
import { hubNow, useCity } from './city-store.ts';
import { ask } from './link.ts';

/** The stream tells the newest points by itself: the memory is asked again after a sixtieth of the range, within bounds. */
const SOONEST = 15_000;
const LATEST = 600_000;

export interface KnownHistory {
  readonly history?: History;
  /** Why there is none. */
  readonly fault?: string;
}

/** What the hub remembers of the last `range`; asked anew when the connection returns. */
export function useHistory(range: Range): KnownHistory {
  const connected = useCity((state) => state.link === 'live' && state.arrived);
  const [known, setKnown] = useState<KnownHistory & { readonly range?: Range }>({});
  useEffect(() => {
    if (!connected) return;
    let gone = false;
    const renew = async () => {
      const to = Math.round(hubNow(useCity.getState()));
      const answer = await ask({ kind: 'history', from: to - range.milliseconds, to });
      if (gone) return;
      if (answer.kind === 'history') setKnown({ range, history: answer });
      else if (answer.kind === 'refused') setKnown((old) => ({ ...old, fault: answer.message }));
    };
    void renew();
    const timer = setInterval(renew, Math.min(LATEST, Math.max(SOONEST, range.milliseconds / 60)));
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [connected, range]);
  // What was known of another range would be drawn at the wrong step.
  return known.range === range ? known : { fault: known.fault };
}
