import type { RulesReport } from '@kubecity/protocol';
import type { Logger } from 'pino';
import type { Metrics } from './metrics.ts';
import { type Reported, rulesReport } from './report.ts';
import type { RuleSync, SyncResult } from './rule-sync.ts';
import { BoundedRunner, type Clock } from './runner.ts';

export interface RuleLoopOptions {
  readonly sync: RuleSync;
  readonly minSyncMs: number;
  readonly checkMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** After every sync, also a failed one. */
  readonly reported: (report: RulesReport) => void;
  /** After each success, before `reported`. */
  readonly applied: (result: SyncResult) => void;
}

const FAMILY = { ip_family: 'IPv4' };

/** When to sync, and what becomes of the result: report, metrics, log. Starts with `begin`, once all lists are complete. */
export class RuleLoop {
  readonly #options: RuleLoopOptions;
  readonly #runner: BoundedRunner;
  #begun = false;
  #last: Reported | undefined;
  #error: string | undefined;
  #runningSince: number | undefined;
  #check: { cancel(): void } | undefined;

  constructor(options: RuleLoopOptions) {
    this.#options = options;
    this.#runner = new BoundedRunner({
      run: () => this.#run(),
      minMs: options.minSyncMs,
      maxMs: options.checkMs,
      retryMs: (failures) => Math.min(30_000, 500 * 2 ** failures),
      onError: (error, failures) => this.#failed(error, failures),
      clock: options.clock,
    });
  }

  begin(): void {
    this.#begun = true;
    this.#runner.request();
    this.#planCheck();
  }

  /** Something changed. Before `begin` nothing is written: an object that is not listed yet would be taken for gone. */
  request(): void {
    if (this.#begun) this.#runner.request();
  }

  report(): RulesReport {
    return rulesReport(this.#last, this.#error, this.#options.clock.now());
  }

  /** Why the kernel is not as wished; undefined when it is. */
  unhealthy(): string | undefined {
    if (!this.#begun) return 'waiting for the first lists from the API server';
    if (this.#error !== undefined) return this.#error;
    return this.#last ? undefined : 'the first sync has not ended yet';
  }

  /** A sync that hangs far beyond the tools' own timeout (120 s each) means that this process is stuck. */
  stuck(): string | undefined {
    const since = this.#runningSince;
    const running = since === undefined ? 0 : this.#options.clock.now() - since;
    return running > 600_000 ? `a sync has been running for ${Math.round(running / 1000)} s` : undefined;
  }

  async stop(): Promise<void> {
    this.#check?.cancel();
    await this.#runner.stop();
  }

  #planCheck(): void {
    this.#check = this.#options.clock.after(this.#options.checkMs, () => {
      this.#options.sync.check();
      this.#runner.request();
      this.#planCheck();
    });
  }

  async #run(): Promise<void> {
    const { sync, clock, applied, reported } = this.#options;
    const start = clock.now();
    this.#runningSince = start;
    try {
      const result = await sync.syncOnce();
      const end = clock.now();
      const wrote = result.wrote.chains > 0 || result.wrote.rules > 0;
      const lastSync = wrote || !this.#last ? { ...result.wrote, milliseconds: end - start } : this.#last.lastSync;
      this.#last = { at: end, result, lastSync };
      this.#error = undefined;
      this.#measure(result, end, end - start);
      applied(result);
      reported(this.report());
    } finally {
      this.#runningSince = undefined;
    }
  }

  #measure({ table, size, wrote, drift }: SyncResult, at: number, milliseconds: number): void {
    const { metrics, log } = this.#options;
    metrics.syncSeconds.observe(FAMILY, milliseconds / 1000);
    metrics.lastSync.set(FAMILY, at / 1000);
    metrics.rules.set(size.rules);
    metrics.chains.set(size.chains);
    metrics.servicePorts.set(table.servicePorts.size);
    metrics.problems.set(table.problems.length);
    metrics.chainsWritten.inc(wrote.chains);
    if (drift !== undefined) {
      metrics.drift.inc();
      log.warn({ drift, ...wrote }, 'the kernel was changed by another hand; repaired');
    } else if (wrote.chains > 0 || wrote.rules > 0) {
      log.info({ ...wrote, milliseconds }, 'kernel updated and read back');
    }
  }

  #failed(error: unknown, failures: number): void {
    const { sync, metrics, log, reported } = this.#options;
    this.#error = error instanceof Error ? error.message : String(error);
    metrics.failures.inc(FAMILY);
    log.error({ err: error, failures }, 'sync failed; the kernel keeps what it has, trying again');
    sync.check();
    reported(this.report());
  }
}
