import { create } from 'zustand';
import { type CityStream, NEW_STREAM } from '../city/city.ts';
import { type Survey, surveyCity } from '../city/survey.ts';

export type LinkState = 'connecting' | 'live' | 'reconnecting' | 'foreign';

/** What the page knows and how fresh it is. Written by the link alone. */
export interface CityStore {
  readonly stream: CityStream;
  readonly survey: Survey;
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
  arrived: false,
  link: 'connecting',
  heardAt: 0,
}));

/** The hub's clock as well as the page can tell: its last time plus what has passed here since. */
export function hubNow({ stream, heardAt }: Pick<CityStore, 'stream' | 'heardAt'>): number {
  return stream.at === 0 ? Date.now() : stream.at + (performance.now() - heardAt);
}
