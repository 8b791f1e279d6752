/** What compares may take of the time when news do not end, and how much of it may be saved up, in milliseconds. */
const SHARE = 0.05;
const SAVED_MS = 200;
/** Packets wait longer for nobody's sake, however slow the machine is. */
const LONGEST_MS = 2_000;

/**
 * How soon the kernel may be compared again: news are met at once, a storm of them costs at most a twentieth of the time.
 * Times are milliseconds of any clock.
 */
export class Pace {
  #saved = SAVED_MS;
  #at: number | undefined;

  /** A compare that took `cost` has ended. Returns how long to wait before the next. */
  spent(cost: number, now: number): number {
    const passed = this.#at === undefined ? 0 : now - this.#at;
    this.#at = now;
    this.#saved = Math.min(SAVED_MS, this.#saved + passed * SHARE) - cost;
    const pause = Math.min(LONGEST_MS, Math.max(0, -this.#saved / SHARE));
    this.#saved = Math.max(this.#saved, -LONGEST_MS * SHARE);
    return pause;
  }
}
