import type { IsolationChange } from '@kubecity/isolation';
import type { Family } from '@kubecity/routing';
import type { Logger } from 'pino';
import type { DriftCheck } from '../rules/drift-check.ts';
import type { Pace } from '../rules/rule-loop.ts';
import { BoundedRunner, type Clock } from '../runner.ts';
import type { IsolationSync, IsolationSyncResult } from './isolation-sync.ts';

/**
 * What is to be done at present:
 * - `enforce`: the kernel shall hold what the API says
 * - `remove`: nothing of ours shall be there
 * - `wait`: neither is known yet, or may be done
 */
export type Task = 'enforce' | 'remove' | 'wait';

export interface IsolationLoopOptions {
  /** Asked at the begin of each run. */
  readonly task: () => Task;
  /** What changed since the last call, and who writes it. Called once in each run that enforces. */
  readonly take: () => { readonly change: IsolationChange; readonly syncs: ReadonlyMap<Family, IsolationSync> };
  /** A run broke off where it should not: what is compiled may not be what was told. */
  readonly lost: () => void;
  /** Takes away all that is ours. */
  readonly remove: () => Promise<void>;
  /** The kernel's sets of both families, as `ipset save` prints them. */
  readonly savedSets: () => Promise<string>;
  readonly drift: DriftCheck;
  readonly pace: () => Pace;
  /** A run has ended that wrote something, or that found all as it should be for the first time or after a failure. */
  readonly written: (news: { readonly drifted: boolean }) => void;
  /** After every run that did something, also a failed one. */
  readonly ran: () => void;
  readonly measured: (family: Family, outcome: IsolationSyncResult | Error) => void;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'debug' | 'warn' | 'error'>;
}

export interface IsolationState {
  /** Of the last success. */
  readonly result?: IsolationSyncResult;
  /** The last run failed. */
  readonly error?: string;
}

/** Comparing members of sets may take this part of the time, no more. */
const CHECK_SHARE = 1 / 20;
/** The kernel needs a moment until it lets go of sets. */
const DISCARD_MS = 500;

/** When to sync, and what becomes of it. The families are independent: one that fails keeps nobody from the other. */
export class IsolationLoop {
  readonly #options: IsolationLoopOptions;
  readonly #runner: BoundedRunner;
  readonly #states = new Map<Family, IsolationState>();
  #syncs: ReadonlyMap<Family, IsolationSync> = new Map();
  #running = false;
  #stopped = false;
  #removed = false;
  /** Why the last run came to nothing for all families. */
  #broken: string | undefined;
  #failingSince: number | undefined;
  #setsEarliest = 0;
  #check: { cancel(): void } | undefined;
  #discard: { cancel(): void } | undefined;
  #at = 0;

  constructor(options: IsolationLoopOptions) {
    this.#options = options;
    this.#runner = new BoundedRunner({
      run: () => this.#run(),
      minMs: () => options.pace().minSyncMs,
      maxMs: 3_600_000,
      retryMs: (failures) => Math.min(options.pace().syncPeriodMs, 500 * 2 ** failures),
      onError: () => {},
      clock: options.clock,
    });
  }

  begin(): void {
    this.request();
    this.#planCheck();
  }

  request(): void {
    this.#runner.request();
  }

  /** Compares rules and sets with the kernel at once. */
  checkNow(): void {
    for (const sync of this.#syncs.values()) sync.check('all');
    this.request();
  }

  /** Unix milliseconds of the last run that left the kernel as it should be; 0 = none yet. */
  get at(): number {
    return this.#at;
  }

  get states(): ReadonlyMap<Family, IsolationState> {
    return this.#states;
  }

  /** Every family holds what is wished. */
  get isWhole(): boolean {
    return this.#states.size > 0 && [...this.#states.values()].every(({ result, error }) => result && !error);
  }

  /** Why the last run came to nothing. */
  get fault(): string | undefined {
    const faults = [...this.#states].flatMap(([family, { error }]) =>
      error === undefined ? [] : `${family}: ${error}`,
    );
    return this.#broken ?? faults[0];
  }

  /** Why pods are closed that policies open, although all is written. */
  get closed(): string | undefined {
    for (const { result } of this.#states.values()) if (result?.closed !== undefined) return result.closed;
    return undefined;
  }

  /** Why nobody is told who was refused, although all is written. */
  get untold(): string | undefined {
    for (const { result } of this.#states.values()) if (result?.untold !== undefined) return result.untold;
    return undefined;
  }

  /** Since the first of the failures in a row; 0 = the last run was none. */
  get failingMs(): number {
    return this.#failingSince === undefined ? 0 : this.#options.clock.now() - this.#failingSince;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#check?.cancel();
    await this.#runner.stop();
    this.#discard?.cancel();
  }

  #planCheck(): void {
    const { clock, pace, drift } = this.#options;
    this.#check = clock.after(pace().checkMs, async () => {
      const idle = () => !this.#running && this.isWhole;
      const due = idle() && (await drift.isDue());
      // All rules are compared as often as it costs little; what stands open is looked for each time.
      const open = !due && idle() && !(await drift.isUntouched()) && (await this.#isBypassed());
      const rules = (due || open) && idle();
      // The kernel does not count what becomes of sets.
      const sets = idle() && clock.now() >= this.#setsEarliest;
      const retry = idle() && [...this.#syncs.values()].some((sync) => sync.isRetryDue);
      if (rules || sets) for (const sync of this.#syncs.values()) sync.check(rules ? 'all' : 'sets');
      if (rules || sets || retry) this.request();
      if (!this.#stopped) this.#planCheck();
    });
  }

  async #isBypassed(): Promise<boolean> {
    try {
      for (const sync of this.#syncs.values()) if (await sync.isBypassed()) return true;
      return false;
    } catch (error) {
      this.#options.log.warn({ err: error }, 'isolation: where the jump stands cannot be read');
      return true;
    }
  }

  async #run(): Promise<void> {
    const { log, lost, clock, ran } = this.#options;
    const task = this.#options.task();
    this.#running = true;
    let errors: readonly unknown[] = [];
    try {
      if (task === 'remove') await this.#remove();
      else if (task === 'enforce') errors = await this.#enforce();
      this.#broken = undefined;
    } catch (error) {
      const what =
        task === 'remove' ? 'what was enforced before cannot be taken away' : 'policies cannot be worked out';
      this.#broken = `${what}: ${messageOf(error)}`;
      log.error({ err: error }, `isolation: ${what}; the kernel keeps what it has, trying again`);
      lost();
      errors = [error];
    } finally {
      this.#running = false;
    }
    this.#failingSince = errors.length === 0 ? undefined : (this.#failingSince ?? clock.now());
    if (task !== 'wait') ran();
    if (errors.length > 0) throw new AggregateError(errors, 'isolation: a run failed');
  }

  /** Once, until something is enforced again. */
  async #remove(): Promise<void> {
    const { remove, clock } = this.#options;
    if (this.#removed) return;
    for (const sync of this.#syncs.values()) sync.forget();
    this.#states.clear();
    await remove();
    this.#removed = true;
    this.#at = clock.now();
  }

  /** @returns errors of single families */
  async #enforce(): Promise<readonly unknown[]> {
    const { take, drift, clock, written } = this.#options;
    const { change, syncs } = take();
    this.#syncs = syncs;
    this.#removed = false;
    for (const sync of syncs.values()) sync.take(change);
    if (![...syncs.values()].some((sync) => sync.isDue)) return [];
    const start = clock.now();
    const wasSound = this.isWhole && this.fault === undefined;
    const commits = this.#commits();
    await drift.beforeSync();
    const { errors, results, whole } = await this.#syncAll(syncs);
    await drift.afterSync(this.#commits() - commits, whole, clock.now() - start);
    if (errors.length === 0) this.#at = clock.now();
    const wrote = results.some((result) => result.wrote.chains + result.wrote.rules + result.wrote.sets > 0);
    if (wrote || (!wasSound && errors.length === 0)) {
      written({ drifted: results.some((result) => result.drift !== undefined) });
    }
    this.#planDiscard();
    return errors;
  }

  async #syncAll(syncs: ReadonlyMap<Family, IsolationSync>) {
    const { measured, log } = this.#options;
    const saved = once(() => this.#readSets());
    const errors: unknown[] = [];
    const results: IsolationSyncResult[] = [];
    const scopes = [...syncs.values()].map((sync) => sync.scope);
    for (const [family, sync] of syncs) {
      const known = this.#states.get(family);
      try {
        const result = await sync.sync(saved);
        this.#states.set(family, { result });
        results.push(result);
        measured(family, result);
        if (result.drift !== undefined) {
          log.warn({ family, drift: result.drift }, 'isolation: the kernel was changed by another hand; repaired');
        } else log.debug({ family, ...result.wrote }, 'isolation: kernel as wished');
      } catch (error) {
        errors.push(error);
        sync.forget();
        this.#states.set(family, { ...known, error: messageOf(error) });
        measured(family, error instanceof Error ? error : new Error(messageOf(error)));
        log.error({ err: error, family }, 'isolation: sync failed; the kernel keeps what it has, trying again');
      }
    }
    return { errors, results, whole: errors.length === 0 && scopes.every((scope) => scope === 'all') };
  }

  async #readSets(): Promise<string> {
    const { clock, savedSets } = this.#options;
    const start = clock.now();
    const text = await savedSets();
    this.#setsEarliest = clock.now() + (clock.now() - start) / CHECK_SHARE;
    return text;
  }

  #planDiscard(): void {
    this.#discard?.cancel();
    this.#discard = undefined;
    if (![...this.#syncs.values()].some((sync) => sync.isDiscarding)) return;
    this.#discard = this.#options.clock.after(DISCARD_MS, () => this.request());
  }

  #commits(): number {
    return [...this.#syncs.values()].reduce((sum, sync) => sum + sync.commits, 0);
  }
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= read();
    return answer;
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
