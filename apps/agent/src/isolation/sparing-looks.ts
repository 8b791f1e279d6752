import { DumpCost } from '../accounting/period.ts';
import type { Clock } from '../runner.ts';

/** Milliseconds from the end of one look to the next. */
export interface Pauses {
  readonly least: number;
  readonly most: number;
}

export interface SparingLooksOptions {
  readonly look: () => Promise<void>;
  readonly pauses: Pauses;
  /** The first of failures in a row. */
  readonly failed: (error: unknown) => void;
  /** Processor time so far of all that a look makes work, milliseconds. */
  readonly cpu: () => number;
  readonly clock: Clock;
}

/** Part of a core that a look may take. */
const SHARE = 0.02;

/** @param costMs processor time of the last look */
export const pauseAfter = (costMs: number, { least, most }: Pauses): number =>
  Math.min(most, Math.max(least, costMs / SHARE));

/** Looks again and again, the seldomer the more it costs. What failed is tried again. */
export class SparingLooks {
  readonly #options: SparingLooksOptions;
  readonly #cost: DumpCost;
  #timer: { cancel(): void } | undefined;
  #stopped = false;
  #failing = false;

  constructor(options: SparingLooksOptions) {
    this.#options = options;
    this.#cost = new DumpCost(options.cpu);
  }

  /** A look that was under way has nobody to tell any more. */
  get isStopped(): boolean {
    return this.#stopped;
  }

  begin(): void {
    this.#plan(this.#options.pauses.least);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #plan(milliseconds: number): void {
    if (!this.#stopped) this.#timer = this.#options.clock.after(milliseconds, () => void this.#once());
  }

  async #once(): Promise<void> {
    const { look, failed, pauses } = this.#options;
    this.#cost.begin();
    try {
      await look();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) failed(error);
      this.#failing = true;
    }
    this.#cost.end();
    this.#plan(pauseAfter(this.#cost.milliseconds, pauses));
  }
}
