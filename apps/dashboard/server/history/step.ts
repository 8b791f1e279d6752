import type { EdgeName, HistoryPoint } from '@kubecity/protocol';

/** The figures of a `HistoryPoint` after its time, in the order in which they are kept. */
export const POINT = [
  'opened',
  'refused',
  'unanswered',
  'bytesToBackend',
  'bytesToClient',
  'packets',
  'open',
] as const satisfies readonly Exclude<keyof HistoryPoint, 'at'>[];
/** `open` is a mean of moments; the others are sums. */
export const OPEN = POINT.indexOf('open');

/** Edges that a step keeps one by one. */
export const MOST_EDGES_OF_STEP = 2000;
/** Service ports that a step keeps one by one; the city's own sums are of all. */
export const MOST_PORTS_OF_STEP = 4000;

/** One moment for the history, as plain data that crosses to its thread. */
export interface HistoryStep {
  /** Unix milliseconds: the moment that was shown. */
  readonly at: number;
  /** `POINT` figures of the whole seconds since the step before. */
  readonly city: Float64Array;
  readonly ports: readonly string[];
  /** `POINT` figures of each of the ports. */
  readonly portSums: Float64Array;
  /** Numbers of the busiest edges, ascending; and of each the shown row without its id. */
  readonly serials: Uint32Array;
  readonly rows: Float64Array;
  /** Edges of this moment that are not among them. */
  readonly folded: number;
  /** Names of numbers that were in no step before. */
  readonly define: readonly (readonly [number, EdgeName])[];
  /** Numbers that are in no later step. */
  readonly forget: readonly number[];
}

export interface Level {
  readonly milliseconds: number;
  readonly keepMilliseconds: number;
}
const MINUTE = 60_000;
/** Finest first. */
export const LEVELS: readonly Level[] = [
  { milliseconds: 1000, keepMilliseconds: 15 * MINUTE },
  { milliseconds: 10_000, keepMilliseconds: 6 * 60 * MINUTE },
  { milliseconds: MINUTE, keepMilliseconds: 7 * 24 * 60 * MINUTE },
];
