const WINDOW_MS = 1000;
/** What is allowed in a second comes in parts of it, so that clients do not all come back at once. */
const PARTS = 10;

/** How many connections may be ended now: never more than `perSecond` in any second, spread over it. */
export class CutPace {
  readonly #perSecond: number;
  /** The last second: when, and how many. */
  #spent: { readonly at: number; readonly count: number }[] = [];

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** @param now milliseconds of a clock that does not go back */
  allowed(now: number): number {
    this.#spent = this.#spent.filter(({ at }) => now - at < WINDOW_MS);
    const last = this.#spent.at(-1);
    if (last && now - last.at < WINDOW_MS / PARTS) return 0;
    const spent = this.#spent.reduce((sum, { count }) => sum + count, 0);
    return Math.min(Math.ceil(this.#perSecond / PARTS), this.#perSecond - spent);
  }

  spend(count: number, now: number): void {
    if (count > 0) this.#spent.push({ at: now, count });
  }

  /** Milliseconds until something may be allowed again; 0 = now. */
  wait(now: number): number {
    if (this.allowed(now) > 0) return 0;
    const [first] = this.#spent;
    const last = this.#spent.at(-1);
    if (!first || !last) return 0;
    const part = last.at + WINDOW_MS / PARTS - now;
    return part > 0 ? part : first.at + WINDOW_MS - now;
  }
}
