/** Sums of several figures over the last seconds, kept as one bucket a second. Times are Unix milliseconds. */
export class SlidingSum {
  readonly #seconds: number;
  /** Oldest first; `figures` has the same length in all. */
  #buckets: { second: number; figures: number[] }[] = [];

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  add(at: number, figures: readonly number[]): void {
    const second = Math.floor(at / 1000);
    const last = this.#buckets.at(-1);
    // a clock that was set back must not open a bucket before the last one
    if (last && last.second >= second) last.figures = last.figures.map((sum, i) => sum + (figures[i] ?? 0));
    else this.#buckets.push({ second, figures: [...figures] });
    this.#forget(at);
  }

  /** Undefined when nothing was added within the window. */
  sum(at: number): number[] | undefined {
    this.#forget(at);
    return this.#buckets
      .map(({ figures }) => figures)
      .reduce<number[] | undefined>((sum, figures) => figures.map((n, i) => n + (sum?.[i] ?? 0)), undefined);
  }

  #forget(at: number): void {
    const oldest = Math.floor(at / 1000) - this.#seconds;
    const keep = this.#buckets.findIndex(({ second }) => second > oldest);
    if (keep !== 0) this.#buckets = keep < 0 ? [] : this.#buckets.slice(keep);
  }
}
