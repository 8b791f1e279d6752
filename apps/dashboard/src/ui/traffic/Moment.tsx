'use client';
import { age, moment as momentWords, second, span } from '../../city/format.ts';
import { useCity } from '../../live/city-store.ts';
import { useNow } from '../use-now.ts';

/** The moment that map and tables show. */
export function Moment() {
  const now = useNow(500);
  const at = useCity((state) => state.stream.at);
  const moment = useCity((state) => state.moment);
  const arrived = useCity((state) => state.arrived);
  if (!arrived) return null;
  if (moment) {
    return (
      <p className="text-sm whitespace-nowrap text-light-ink" data-testid="traffic-moment" data-at={moment.at}>
        as it was at {momentWords(moment.at, now)} · rates over {span(moment.stepMilliseconds)}
      </p>
    );
  }
  return (
    <p className="text-sm whitespace-nowrap text-soft" data-testid="traffic-moment" data-at={at}>
      as of {second(at)}, {age(now - at)} ago · rates over 10 s
    </p>
  );
}
