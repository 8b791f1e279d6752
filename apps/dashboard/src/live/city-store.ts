import { create } from 'zustand';
import { type CityStream, NEW_STREAM } from '../city/city.ts';
import { type Filter, type Folded, filterCity, isFiltering, NO_FILTER } from '../city/filter.ts';
import { type Moment, shownCity } from '../city/moment.ts';
import { type Survey, surveyCity } from '../city/survey.ts';

export type LinkState = 'connecting' | 'live' | 'reconnecting' | 'foreign' | 'refused';

/** What the page knows, how fresh it is, and what of it is shown. */
export interface CityStore {
  readonly stream: CityStream;
  /** Of what is shown: now, or the moment the map is rewound to; the part of it that passes the filter. */
  readonly survey: Survey;
  /** The same without the filter: what panels and lookups read, and what the ground is laid out for. */
  readonly whole: Survey;
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

const NOTHING = surveyCity(NEW_STREAM.city);

export const useCity = create<CityStore>(() => ({
  stream: NEW_STREAM,
  survey: NOTHING,
  whole: NOTHING,
  filter: NO_FILTER,
  arrived: false,
  link: 'connecting',
  heardAt: 0,
}));

/** Changes what is known or shown; the survey follows. */
export function showCity(change: Partial<Omit<CityStore, 'survey' | 'whole' | 'folded'>>): void {
  useCity.setState((state) => {
    const next = { ...state, ...change };
    const same =
      next.stream.city === state.stream.city &&
      next.moment === state.moment &&
      next.only === state.only &&
      next.filter === state.filter;
    if (same) return change;
    const whole = surveyCity(shownCity(next.stream.city, next.moment, next.only), state.whole);
    if (!isFiltering(next.filter)) return { ...change, whole, survey: whole, folded: undefined };
    const { city, folded } = filterCity(whole.city, next.filter, state.survey.city);
    return { ...change, whole, survey: surveyCity(city, state.survey), folded };
  });
}

/** The hub's clock as well as the page can tell: its last time plus what has passed here since. */
export function hubNow({ stream, heardAt }: Pick<CityStore, 'stream' | 'heardAt'>): number {
  return stream.at === 0 ? Date.now() : stream.at + (performance.now() - heardAt);
}
