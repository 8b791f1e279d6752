import { useEffect, useState, useSyncExternalStore } from 'react';
import { hubNow, useCity } from '../live/city-store.ts';

/** The hub's time in Unix ms, renewed every `every` milliseconds. */
export function useNow(every = 500): number {
  const [now, setNow] = useState(() => hubNow(useCity.getState()));
  useEffect(() => {
    const timer = setInterval(() => setNow(hubNow(useCity.getState())), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** A media query as a value. On the server it does not match. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const media = window.matchMedia(query);
      media.addEventListener('change', changed);
      return () => media.removeEventListener('change', changed);
    },
    () => window.matchMedia(query).matches,
    () => false,
  );
}
