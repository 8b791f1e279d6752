import { type Standing, type Summed, standingOf } from '../../city/coverage.ts';
import { useCity } from '../../live/city-store.ts';
import { useLooking } from '../../live/looking.ts';
import { useNow } from '../use-now.ts';

/** How far a sum over these edges can be trusted now, or could at the moment the map is rewound to. */
export function useStanding(summed: Summed): Standing {
  const now = useNow(1000);
  const city = useCity((state) => state.whole.city);
  const at = useCity((state) => state.stream.at);
  const folded = useCity((state) => state.moment?.folded);
  const only = useCity((state) => state.only);
  const { services: looked, panel } = useLooking();
  const closely = looked === 'all' ? 'all' : new Set([...looked, ...panel]);
  return standingOf(city, summed, { now, at, only, closely, folded });
}
