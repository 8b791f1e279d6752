import type { Candidate } from './endpoints.ts';
import { kindOf, type Override, type OverrideSpec } from './override.ts';
import type { PodOf, Selection } from './selection.ts';
import type { ServiceDoors } from './service.ts';

/** An override as it is at one moment, ready to be put on backends. */
export interface Wish {
  readonly override: Override;
  readonly selection: Selection;
  /** Weight of each backend, or percent of all together; 0 of a drain. */
  readonly value: number;
}

/** Strongest first. */
const EFFECTS = ['drain', 'weight', 'share'] as const;
export type Effect = (typeof EFFECTS)[number];

/** A spec that parsed has exactly one. */
export function effectOf(spec: OverrideSpec): Effect {
  if (spec.drain) return 'drain';
  return spec.weight === undefined ? 'share' : 'weight';
}

/** Drain before weight before share, then the younger; nobody's order of arrival, so that every node decides alike. */
export function strongestFirst({ override: a }: Wish, { override: b }: Wish): number {
  const rank = ({ spec }: Override) => EFFECTS.indexOf(effectOf(spec));
  return rank(a) - rank(b) || youngestFirst(a, b);
}

/** The name decides a tie. */
export function youngestFirst(a: Override, b: Override): number {
  return b.startedAt - a.startedAt || compare(b.name, a.name) || compare(b.namespace, a.namespace);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Who decides about each candidate of one service port, beside the candidates; undefined = nobody.
 * @param strongest wishes, the strongest first
 */
export function holdersOf(
  { portName }: ServiceDoors,
  candidates: readonly Candidate[],
  strongest: readonly Wish[],
  podOf: PodOf,
): readonly (Wish | undefined)[] {
  const about = strongest.filter(({ selection }) => selection.hasPort(portName));
  return candidates.map(({ endpoint }) => about.find(({ selection }) => selection.chooses(endpoint, podOf)));
}

/** For messages: `RoutingOverride shop/cart-drain`, `ClusterRoutingOverride node-7`. */
export function title({ namespace, name }: Override): string {
  return namespace === ''
    ? `${kindOf({ namespace, name })} ${name}`
    : `${kindOf({ namespace, name })} ${namespace}/${name}`;
}
