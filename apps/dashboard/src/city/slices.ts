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

/** How long a slice may be while something moves on the screen, milliseconds: two kinds of work may share a frame of 16. */
export const SLICE = 5;
