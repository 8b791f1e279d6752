import { useMemo } from 'react';
import { type Comparison, compareSurveys } from '../city/compare.ts';
import { filterCity, isFiltering } from '../city/filter.ts';
import { meanOf, shownCity, WINDOW } from '../city/moment.ts';
import { surveyCity } from '../city/survey.ts';
import { useCity } from './city-store.ts';

/** What is shown, set against now through the same filter; nothing while the map is live. */
export function useComparison(): Comparison | undefined {
  const { stream, moment, only, filter, survey } = useCity();
  const now = useMemo(() => {
    if (!moment) return undefined;
    const city = shownCity(stream.city, undefined, only);
    return surveyCity(isFiltering(filter) ? filterCity(city, filter).city : city);
  }, [moment, stream.city, only, filter]);
  return useMemo(
    () => now && moment && compareSurveys(survey, now, { was: meanOf(moment), is: WINDOW }),
    [now, survey, moment],
  );
}
