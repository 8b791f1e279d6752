import type { Selection } from '../city/find.ts';
import { EVERYWHERE, type Focus } from './levels.ts';
import type { Metric } from './scene.ts';

/** What a scene is made for, besides the city. */
export interface Wanted {
  readonly focus: Focus;
  readonly metric: Metric;
  /** Its streets are drawn whatever their traffic is. */
  readonly selected?: Selection;
}

export const ALL_OF_IT: Wanted = { focus: EVERYWHERE, metric: 'connections' };
