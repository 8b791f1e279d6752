import { quote, type Report } from './field.ts';
import type { ObjectMeta } from './objects.ts';

/** On a Service, or on a Namespace for all its Services: `2`, `50%`, or both: `2,50%`. */
export const FLOOR_ANNOTATION = 'kubecity.dev/floor';

/** How few backends overrides may leave; the larger of both counts. */
export interface Floor {
  readonly count: number;
  /** Of the backends that could take new connections if no override acted. */
  readonly percent: number;
}

export const DEFAULT_FLOOR: Floor = { count: 1, percent: 0 };

const FORM = /^(?:(?<count>\d{1,6})|(?<percent>\d{1,2}|100)%)$/;

/** Undefined when there is none, or a bad one, which is reported. */
export function parseFloor({ annotations }: ObjectMeta, report: Report): Floor | undefined {
  const text = annotations?.[FLOOR_ANNOTATION];
  if (text === undefined) return undefined;
  const parts = text.split(',').map((part) => FORM.exec(part.trim())?.groups);
  const counts = parts.flatMap((groups) => groups?.count ?? []);
  const percents = parts.flatMap((groups) => groups?.percent ?? []);
  if (parts.every((groups) => groups !== undefined) && counts.length <= 1 && percents.length <= 1) {
    return { count: Number(counts[0] ?? 0), percent: Number(percents[0] ?? 0) };
  }
  report(
    `metadata.annotations[${FLOOR_ANNOTATION}]`,
    `not a number of backends (2), a percentage (50%) or both (2,50%): ${quote(text)}`,
  );
  return undefined;
}

/** The floor of a service port with so many usable backends; never more than these. */
export function leastOf({ count, percent }: Floor, of: number): number {
  return Math.min(of, Math.max(count, Math.ceil((of * percent) / 100)));
}
