import { create } from 'zustand';
import { type CityStream, NEW_STREAM } from '../city/city.ts';
import { type Filter, type Folded, filterCity, isFiltering, NO_FILTER } from '../city/filter.ts';
import { type Moment, shownCity } from '../city/moment.ts';
import { type Survey, surveyCity } from '../city/survey.ts';

export type LinkState = 'connecting' | 'live' | 'reconnecting' | 'foreign';

/** What the page knows, how fresh it is, and what of it is shown. */
export interface CityStore {
  readonly stream: CityStream;
  /** Of what is shown: now, or the moment the map is rewound to; the part of it that passes the filter. */
  readonly survey: Survey;
  readonly filter: Filter;
  /** What the filter leaves out; undefined without one. */
  readonly folded?: Folded;
  /** Set while the map is rewound. */
  readonly moment?: Moment;
  /** `namespace/name`: only its connections are asked for and shown. */
  readonly only?: string;
  /** True once a whole snapshot has arrived. */
  readonly arrived: boolean;
  readonly link: LinkState;
  /** `performance.now()` of the last frame: ages do not depend on the two clocks agreeing. */
  readonly heardAt: number;
  /** Frames that were not understood, and why the last one was not. */
  readonly fault?: string;
}

export const useCity = create<CityStore>(() => ({
  stream: NEW_STREAM,
  survey: surveyCity(NEW_STREAM.city),
  filter: NO_FILTER,
  arrived: false,
  link: 'connecting',
  heardAt: 0,
}));

/** Changes what is known or shown; the survey follows. */
export function showCity(change: Partial<Omit<CityStore, 'survey' | 'folded'>>): void {
  useCity.setState((state) => {
    const next = { ...state, ...change };
    const same =
      next.stream.city === state.stream.city &&
      next.moment === state.moment &&
      next.only === state.only &&
      next.filter === state.filter;
    if (same) return change;
    const all = shownCity(next.stream.city, next.moment, next.only);
    const { city, folded } = isFiltering(next.filter) ? filterCity(all, next.filter) : { city: all, folded: undefined };
    return { ...change, survey: surveyCity(city, state.survey), folded };
  });
}

/** The hub's clock as well as the page can tell: its last time plus what has passed here since. */
export function hubNow({ stream, heardAt }: Pick<CityStore, 'stream' | 'heardAt'>): number {
  return stream.at === 0 ? Date.now() : stream.at + (performance.now() - heardAt);
}
