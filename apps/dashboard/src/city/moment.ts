import type { CityEdgeRow, EdgeName } from '@kubecity/protocol';
import type { City } from './city.ts';
import { type Edge, edgeKey, edgeOf } from './edges.ts';

/** Traffic as it was: what the map shows when it is rewound. */
export interface Moment {
  /** Unix ms; the rates are means over the time before, see `meanOf`. */
  readonly at: number;
  /** From one moment that is kept to the next. */
  readonly stepMilliseconds: number;
  readonly edges: ReadonlyMap<string, Edge>;
  /** Edges of that moment that were not kept one by one. */
  readonly folded: number;
}

/** Streamed rates are means over this long, milliseconds. */
export const WINDOW = 10_000;

/** What the rates of a moment are means over, milliseconds: the stream's window, of coarser steps the step. */
export const meanOf = ({ stepMilliseconds }: Moment): number => Math.max(WINDOW, stepMilliseconds);

export function momentOf(answer: {
  readonly at: number;
  readonly stepMilliseconds: number;
  readonly edges: readonly (readonly [EdgeName, CityEdgeRow])[];
  readonly folded: number;
}): Moment {
  const edges = new Map(answer.edges.map(([name, row]) => [edgeKey(name), edgeOf(name, row)]));
  return { at: answer.at, stepMilliseconds: answer.stepMilliseconds, edges, folded: answer.folded };
}

/**
 * The city that the screen shows: traffic of the moment, or of now, on the ground of now, and of one Service when only
 * that is looked at. Figures of backends and refused attempts belong to now and are left out of the past.
 */
export function shownCity(city: City, moment: Moment | undefined, only: string | undefined): City {
  const shown = moment ? { ...city, edge: moment.edges, load: new Map(), refusal: new Map() } : city;
  if (only === undefined) return shown;
  return {
    ...shown,
    edge: new Map([...shown.edge].filter(([, edge]) => edge.service === only)),
    refusal: new Map([...shown.refusal].filter(([, refusal]) => refusal.service === only)),
  };
}
