/**
 * A computation that can rest: it yields after every millisecond or so of work and in the end returns its result. Whoever
 * drives it decides how much of a frame it gets.
 */
export type Slices<T> = Generator<undefined, T>;

/** All of it at once. */
export function finish<T>(work: Slices<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Elements of a large collection that are looked at between two rests. */
export const PIECE = 512;

/**
 * How long a slice of work may be, milliseconds: a small part of a frame, and where frames come seldom that same part of the
 * time since the slice before, so that a busy machine does not keep the work from its end.
 */
export const budgetOf = (sinceLast: number): number => Math.min(10, Math.max(4, 0.3 * sinceLast));
