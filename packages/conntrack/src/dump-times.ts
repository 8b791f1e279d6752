const KEPT = 256;

/** When the last dumps began. */
export class DumpTimes {
  readonly #times = new Float64Array(KEPT);
  #last = 0;

  /** @param at Unix ms */
  set(revision: number, at: number): void {
    this.#times[revision % KEPT] = at;
    this.#last = revision;
  }

  /** Of a dump that is no longer known: the time of the oldest that is. */
  of(revision: number): number {
    return this.#times[Math.max(revision, this.#last - KEPT + 1) % KEPT] as number;
  }
}
