export interface Pace {
  /** From one dump to the next while the table is small. */
  readonly everyMs: number;
  /** What accounting may take of one core. */
  readonly cpuPercent: number;
}

/** The entry of a reset connection lives for 10 s: beyond this period one that no dump sees comes to be likely. */
export const WARNING_PERIOD_MS = 8_000;
/** An entry in TIME_WAIT lives for 120 s: with a longer period whole connections would go unseen, so here the budget ends. */
export const LONGEST_PERIOD_MS = 100_000;

/**
 * A table that is small may take twice the budget, so that what happens there is seen within a second or so:
 * a dump walks the whole hash table of the kernel (262,144 buckets: 12 ms) for however few entries.
 */
const SMALL = { entries: 6_000, budget: 2 };

/** @param cpuMs CPU time of one dump, and of all that is made of it */
export function periodFor(cpuMs: number, entries: number, { everyMs, cpuPercent }: Pace): number {
  const percent = entries <= SMALL.entries ? cpuPercent * SMALL.budget : cpuPercent;
  const within = (cpuMs * 100) / percent;
  return Math.max(everyMs, Math.min(LONGEST_PERIOD_MS, Math.round(within)));
}

/**
 * CPU time of one dump from a clock that only grows. What happens between two dumps (ended connections are told of at all
 * times) does not count: it costs the more the longer the pause is, and a pause that followed it would grow without end. Other
 * work may fall into a dump (a collection of garbage, a first compilation), so the lesser of the last two is taken for the cost.
 */
export class DumpCost {
  readonly #cpu: () => number;
  #mark = 0;
  #last: readonly [number, number] = [0, 0];

  constructor(cpu: () => number) {
    this.#cpu = cpu;
  }

  begin(): void {
    this.#mark = this.#cpu();
  }

  end(): void {
    this.#last = [this.#last[1], this.#cpu() - this.#mark];
  }

  get milliseconds(): number {
    return Math.min(...this.#last);
  }
}
