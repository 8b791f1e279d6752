/** Time, as the runner needs it; tests bring their own. */
export interface Clock {
  now(): number;
  after(milliseconds: number, run: () => void): { cancel(): void };
}

export const realClock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return { cancel: () => clearTimeout(timer) };
  },
};

export interface RunnerOptions {
  readonly run: () => Promise<void>;
  /** At least this long between the end of a run and the start of the next. */
  readonly minMs: () => number;
  /** A run takes place at least this often. */
  readonly maxMs: number;
  /** Pause after the n-th failure in a row (n from 1), unless there is news meanwhile. */
  readonly retryMs: (failures: number) => number;
  readonly onError: (error: unknown, failures: number) => void;
  readonly clock: Clock;
}

/** While a thing fails, news makes it run at most this often. */
const FAILING_MS = 1000;

/**
 * Runs one thing, never twice at a time: requests while it runs or pauses fold into one. Record now, act later.
 */
export class BoundedRunner {
  readonly #options: RunnerOptions;
  #timer: { cancel(): void } | undefined;
  #running: Promise<void> | undefined;
  #requested = false;
  #stopped = false;
  #failures = 0;
  #earliest = 0;
  /** When to try again after a failure. */
  #retryAt: number | undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  request(): void {
    if (this.#stopped) return;
    this.#requested = true;
    if (!this.#running) this.#plan();
  }

  /** No further run starts; resolves when the current one has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #plan(): void {
    this.#timer?.cancel();
    const { clock, maxMs } = this.#options;
    const now = clock.now();
    const at = this.#requested ? this.#earliest : (this.#retryAt ?? now + maxMs);
    this.#timer = clock.after(Math.max(0, at - now), () => {
      this.#running = this.#once().finally(() => {
        this.#running = undefined;
        if (!this.#stopped) this.#plan();
      });
    });
  }

  async #once(): Promise<void> {
    const { run, minMs, retryMs, onError, clock } = this.#options;
    this.#requested = false;
    try {
      await run();
      this.#failures = 0;
      this.#retryAt = undefined;
      this.#earliest = clock.now() + minMs();
    } catch (error) {
      this.#failures++;
      onError(error, this.#failures);
      const retry = retryMs(this.#failures);
      this.#retryAt = clock.now() + retry;
      this.#earliest = clock.now() + Math.max(minMs(), Math.min(retry, FAILING_MS));
    }
  }
}
