import type { RoutingTracker } from '@kubecity/routing';
import type { Clock } from '../runner.ts';

export interface TimeStepsOptions {
  readonly tracker: Pick<RoutingTracker, 'setTime' | 'nextAt'>;
  readonly clock: Clock;
  /** Time alone has changed what is wished. */
  readonly due: () => void;
}

/** At most one step a second: what falls due within it is one sync. */
const LEAST_MS = 1000;
/** Timers cannot be set for longer than 24 days; and a clock that is set meanwhile is noticed. */
const LONGEST_MS = 3_600_000;

/** Wakes the sync when a ramp takes a step or an override expires: neither needs the API server or the dashboard. */
export class TimeSteps {
  readonly #options: TimeStepsOptions;
  #timer: { cancel(): void } | undefined;
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: TimeStepsOptions) {
    this.#options = options;
  }

  /** Tells the tracker the time. To be called before its table is taken. */
  set(): void {
    const { tracker, clock } = this.#options;
    this.#last = clock.now();
    tracker.setTime(this.#last);
  }

  /** Waits for the next step; to be called after each `take`. */
  plan(): void {
    const { tracker, clock, due } = this.#options;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (tracker.nextAt === undefined) return;
    const now = clock.now();
    // The clock may have been set back.
    const sinceLast = Math.max(0, now - this.#last);
    const wait = Math.max(tracker.nextAt - now, LEAST_MS - sinceLast, 0);
    this.#timer = clock.after(Math.min(wait, LONGEST_MS), due);
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
