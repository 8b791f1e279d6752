import type { Family } from '@kubecity/routing';
import type { Logger } from 'pino';
import type { Metrics } from '../metrics.ts';
import type { Clock } from '../runner.ts';
import { latencies, type TriggerTimes } from '../trigger-times.ts';
import type { Isolated } from './suspects.ts';

export interface TidingsOptions {
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** The kernel refuses the rules of this service port; once each time it happens anew. */
  readonly isolated: (isolated: Isolated) => void;
  /** Another hand changed our rules; they are repaired. */
  readonly drifted: (family: Family, difference: string) => void;
}

/** What was isolated is tried again after this time, even if nobody changes it. */
const ISOLATED_RETRY_MS = 300_000;

/** What is told of syncs, each thing once: to the log, to metrics, and to who else wants to know. */
export class Tidings {
  readonly #options: TidingsOptions;
  #isolatedRetry = 0;

  constructor(options: TidingsOptions) {
    this.#options = options;
  }

  /** Time to try again what had been isolated. */
  get retryDue(): boolean {
    return this.#options.clock.now() >= this.#isolatedRetry;
  }

  written(family: Family, drift: string | undefined, figures: object): void {
    const { log, metrics, drifted } = this.#options;
    if (drift !== undefined) {
      metrics.drift.inc();
      log.warn({ family, drift, ...figures }, 'the kernel was changed by another hand; repaired');
      drifted(family, drift);
    } else {
      log.debug({ family, ...figures }, 'kernel as wished');
    }
  }

  isolated(now: readonly Isolated[], before: readonly Isolated[]): void {
    if (now.length > 0) this.#isolatedRetry = this.#options.clock.now() + ISOLATED_RETRY_MS;
    const known = new Set(before.map(({ port, reason }) => `${port.id} ${reason}`));
    for (const isolated of now) {
      const { port, reason } = isolated;
      if (known.has(`${port.id} ${reason}`)) continue;
      this.#options.log.error(
        { servicePort: port.id, reason },
        'the kernel refuses this service port; the others go on',
      );
      this.#options.isolated(isolated);
    }
  }

  /** How long it took from the change of an object to the rules. */
  latency(taken: ReturnType<TriggerTimes['take']>): void {
    for (const { family, seconds } of latencies(taken, this.#options.clock.now())) {
      this.#options.metrics.networkProgrammingSeconds.observe({ ip_family: family }, seconds);
    }
  }
}
