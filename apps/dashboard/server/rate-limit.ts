/** So many events a second, and a burst on top; time is Unix milliseconds. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: number | undefined;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Whether one more event may happen now; if so it counts. */
  admit(now: number): boolean {
    if (this.spent(now)) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whether no event may happen now. */
  spent(now: number): boolean {
    const passed = Math.max(0, now - (this.#at ?? now)) / 1000;
    this.#tokens = Math.min(this.#burst, this.#tokens + passed * this.#perSecond);
    this.#at = now;
    return this.#tokens < 1;
  }
}
