import type { RulesReport } from '@kubecity/protocol';
import {
  type Family,
  familyOfId,
  type RoutingChange,
  type RoutingTable,
  type RoutingTracker,
  type ServicePort,
  type ServicePortId,
  steeredPorts,
} from '@kubecity/routing';
import type { HeldRules } from '../draining/drain-plan.ts';
import type { Cut } from '../draining/drains.ts';
import type { HealthState } from '../health/health-state.ts';
import { BoundedRunner } from '../runner.ts';
import type { TriggerTimes } from '../trigger-times.ts';
import type { Course } from './course.ts';
import type { DriftCheck } from './drift-check.ts';
import type { Lease } from './lease.ts';
import type { ModeSwitch } from './mode-switch.ts';
import { type FamilyState, mergedReport } from './report.ts';
import { measure } from './rule-metrics.ts';
import type { RuleSync } from './rule-sync.ts';
import { Tidings, type TidingsOptions } from './tidings.ts';
import { TimeSteps } from './time-steps.ts';

/** What one run brought into the kernel. */
export interface Applied {
  /** Absent: nothing may be written. */
  readonly mode: Course['mode'];
  /** The table of the run before; absent at the first. */
  readonly before?: RoutingTable;
  readonly table: RoutingTable;
  /** Ids whose rules the kernel has now. */
  readonly changed: ReadonlySet<ServicePortId>;
}

export interface RuleLoopOptions extends TidingsOptions {
  readonly tracker: RoutingTracker;
  readonly families: ReadonlyMap<Family, RuleSync>;
  readonly drift: DriftCheck;
  readonly modes: Pick<ModeSwitch, 'settle' | 'course'>;
  readonly lease: Pick<Lease, 'prepare' | 'keep' | 'drop' | 'stop'>;
  /** Takes away all that is ours, for mode observe. */
  readonly clear: () => Promise<void>;
  readonly triggers: TriggerTimes;
  readonly health: Pick<HealthState, 'queued' | 'updated'>;
  /** Asked each time, so that a new configuration counts at once. */
  readonly pace: () => Pace;
  /** The mode of the configuration, told until the first decision. */
  readonly wished: () => RulesReport['mode'];
  /** Before rules are written. */
  readonly writing: (table: RoutingTable) => void;
  /** After each run that brought at least one family up to date, before `reported`. */
  readonly applied: (applied: Applied) => void;
  /** After every run, also a failed one. */
  readonly reported: (report: RulesReport) => void;
  /** What the kernel holds after a run; `reported` has acknowledged it. */
  readonly held: (held: HeldRules) => void;
  /** Connections that were ended for an override, by its uid. */
  readonly cut: (uid: string) => Cut | undefined;
}

export interface Pace {
  readonly minSyncMs: number;
  readonly syncPeriodMs: number;
  readonly checkMs: number;
}

/**
 * When to sync, and what becomes of the result: report, metrics, log. The families are independent: one that fails is
 * tried again and keeps nobody from the other. Starts with `begin`, once all lists are complete.
 */
export class RuleLoop {
  readonly #options: RuleLoopOptions;
  readonly #runner: BoundedRunner;
  readonly #steps: TimeSteps;
  readonly #tidings: Tidings;
  readonly #states = new Map<Family, FamilyState>();
  /** Changed since a family was last brought up to date. */
  readonly #pending = new Map<Family, Set<ServicePortId>>();
  /** Changed by `take`, and not given to a sync yet. */
  #taken = new Set<ServicePortId>();
  #begun = false;
  #stopped = false;
  #table: RoutingTable | undefined;
  #applied: RoutingTable | undefined;
  #at = 0;
  #runningSince: number | undefined;
  #check: { cancel(): void } | undefined;
  #mode: Course['mode'] | undefined;
  /** Why the last run came to nothing for all families. */
  #fault: string | undefined;

  constructor(options: RuleLoopOptions) {
    this.#options = options;
    this.#tidings = new Tidings(options);
    for (const family of options.families.keys()) this.#pending.set(family, new Set());
    this.#runner = new BoundedRunner({
      run: () => this.#run(),
      minMs: () => options.pace().minSyncMs,
      maxMs: 3_600_000,
      retryMs: (failures) => Math.min(options.pace().syncPeriodMs, 500 * 2 ** failures),
      onError: () => {},
      clock: options.clock,
    });
    this.#steps = new TimeSteps({ tracker: options.tracker, clock: options.clock, due: () => this.request() });
  }

  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.request();
    this.#planCheck();
  }

  /** Something changed. Before `begin` nothing is written: an object that is not listed yet would be taken for gone. */
  request(): void {
    if (!this.#begun) return;
    const now = this.#options.clock.now();
    for (const family of this.#options.families.keys()) {
      this.#options.health.queued(family, now);
      this.#options.metrics.lastQueued.set({ ip_family: family }, now / 1000);
    }
    this.#runner.request();
  }

  report(): RulesReport {
    const { clock, cut, modes } = this.#options;
    const { remark } = modes.course ?? {};
    const refused = this.#isHeldBack() ? remark : undefined;
    const fault = this.#fault ?? refused;
    return mergedReport(this.#table, this.#states, this.#at || clock.now(), cut, {
      mode: this.mode,
      ...(fault !== undefined && { fault }),
      ...(remark !== undefined && { remark }),
    });
  }

  /** The table as it is wished now. What differs from the last one is part of the next sync, whoever takes it. */
  take(): RoutingChange {
    const change = this.#options.tracker.take();
    for (const id of change.changed) this.#taken.add(id);
    return change;
  }

  /** What is missing before this node routes at all; undefined = nothing. */
  waiting(): string | undefined {
    if (!this.#begun) return 'waiting for the first lists from the API server';
    const { course } = this.#options.modes;
    if (!course || this.#mode !== course.mode) return this.#fault ?? 'the first sync has not ended yet';
    if (this.#isHeldBack()) return course.remark;
    if (course.mode === 'observe') return undefined;
    for (const [family, { result, error }] of this.#allStates()) {
      if (!result) return `the first sync of ${family} has not ended yet${error === undefined ? '' : `: ${error}`}`;
    }
    return undefined;
  }

  /** Why the last run did not bring the kernel where it should be; undefined when it did. */
  failing(): string | undefined {
    if (this.#fault !== undefined) return this.#fault;
    for (const [family, { error }] of this.#allStates()) if (error !== undefined) return `${family}: ${error}`;
    return undefined;
  }

  /** By the last run that succeeded; absent before one did, and where nothing is written or taken away. */
  get carriedOut(): Course['mode'] | undefined {
    return this.#mode;
  }

  /** Decided on; the wished one until then. */
  get mode(): RulesReport['mode'] {
    return this.#options.modes.course?.mode ?? this.#options.wished();
  }

  /** Whether this family's rules in the kernel are those that were read back last, and can be vouched for. */
  async isSound(family: Family): Promise<boolean> {
    const state = this.#states.get(family);
    if (!state?.result) return false;
    return (state.error ?? this.#fault) === undefined || (await this.#options.drift.isUntouched());
  }

  /** What of a table gets rules here. */
  routed({ servicePorts }: RoutingTable): ReadonlyMap<ServicePortId, ServicePort> {
    const mode = this.#options.modes.course?.mode;
    if (mode === 'replace') return servicePorts;
    return mode === 'steer' ? steeredPorts(servicePorts) : new Map();
  }

  #isHeldBack(): boolean {
    const { course } = this.#options.modes;
    return course !== undefined && course.mode === undefined;
  }

  #allStates(): [Family, FamilyState][] {
    return [...this.#options.families.keys()].map((family) => [family, this.#states.get(family) ?? {}]);
  }

  /** A sync that hangs far beyond the tools' own timeout (120 s each) means that this process is stuck. */
  stuck(): string | undefined {
    const since = this.#runningSince;
    const running = since === undefined ? 0 : this.#options.clock.now() - since;
    return running > 600_000 ? `a sync has been running for ${Math.round(running / 1000)} s` : undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#check?.cancel();
    this.#steps.stop();
    await this.#runner.stop();
  }

  #planCheck(): void {
    const { clock, pace, drift, families } = this.#options;
    this.#check = clock.after(pace().checkMs, async () => {
      // While we write, the kernel's count moves by our own hand.
      const idle = () => this.#runningSince === undefined && this.#states.size > 0;
      const due = idle() && (await drift.isDue()) && idle();
      const retry = this.#hasIsolated() && this.#tidings.retryDue;
      if (due || retry) {
        for (const sync of families.values()) sync.check();
        this.#runner.request();
      }
      if (!this.#stopped) this.#planCheck();
    });
  }

  #hasIsolated(): boolean {
    return [...this.#states.values()].some((state) => (state.result?.isolated.length ?? 0) > 0);
  }

  async #run(): Promise<void> {
    const { triggers, drift, clock, writing, reported, held } = this.#options;
    this.#runningSince = clock.now();
    try {
      const course = await this.#settled();
      const taken = triggers.take();
      this.#steps.set();
      const { table } = this.take();
      const changed = this.#taken;
      this.#taken = new Set();
      this.#steps.plan();
      this.#table = table;
      for (const id of changed) this.#pending.get(familyOfId(id))?.add(id);
      if (course.mode === undefined || course.mode === 'observe') {
        await this.#rest(course.mode, table);
        return;
      }
      writing(table);
      await drift.beforeSync();
      const commits = this.#commits();
      const errors = await this.#act(course.mode, { ...table, servicePorts: this.routed(table) }, changed);
      const whole = [...this.#states.values()].every((state) => state.error === undefined && state.result?.full);
      await drift.afterSync(this.#commits() - commits, whole, clock.now() - this.#runningSince);
      this.#at = clock.now();
      if (errors.length > 0) triggers.giveBack(taken);
      else this.#tidings.latency(taken);
      this.#tellApplied(course.mode, table);
      reported(this.report());
      held(this.#held(table));
      if (errors.length > 0) throw new AggregateError(errors, 'sync failed');
    } finally {
      this.#runningSince = undefined;
    }
  }

  /** What is carried out in this run. */
  async #settled(): Promise<Course> {
    return this.#faulted(
      () => this.#options.modes.settle(),
      'whether another Service proxy routes here cannot be read',
    );
  }

  /** Rules of one family cannot be at fault: all of them wait. */
  async #faulted<T>(step: () => Promise<T>, what: string): Promise<T> {
    const { log, reported } = this.#options;
    try {
      const done = await step();
      this.#fault = undefined;
      return done;
    } catch (error) {
      this.#fault = `${what}: ${error instanceof Error ? error.message : String(error)}`;
      log.error({ err: error }, `${what}; trying again`);
      reported(this.report());
      throw error;
    }
  }

  /** Nothing is written; who observes takes away, once, what an earlier mode has left. */
  async #rest(mode: 'observe' | undefined, table: RoutingTable): Promise<void> {
    const { lease, clear, families, health, reported, held, clock } = this.#options;
    lease.stop();
    this.#states.clear();
    if (mode === 'observe' && this.#mode !== 'observe') await this.#faulted(clear, 'rules cannot be taken away');
    this.#mode = mode;
    this.#at = clock.now();
    for (const [family, sync] of families) {
      sync.forget();
      health.updated(family, this.#at);
    }
    this.#tellApplied(mode, table);
    reported(this.report());
    held(this.#held(table));
  }

  async #act(mode: 'steer' | 'replace', table: RoutingTable, changed: ReadonlySet<ServicePortId>): Promise<unknown[]> {
    const { lease } = this.#options;
    if (mode === 'steer') {
      await this.#faulted(() => lease.prepare(this.#mode === 'replace'), 'the lease of the rules cannot be made');
    }
    const errors = await this.#syncAll(table, changed);
    if (errors.length === 0) this.#mode = mode;
    if (mode === 'steer') await lease.keep();
    else if (errors.length === 0) await lease.drop();
    return errors;
  }

  async #syncAll(table: RoutingTable, changed: ReadonlySet<ServicePortId>): Promise<unknown[]> {
    const { families, clock, health, metrics, log } = this.#options;
    const errors: unknown[] = [];
    for (const [family, sync] of families) {
      const start = clock.now();
      const known = this.#states.get(family);
      try {
        const result = await sync.sync(table.servicePorts, changed);
        const end = clock.now();
        const wrote = result.wrote.chains + result.wrote.rules > 0;
        const lastSync = wrote || !known?.lastSync ? { ...result.wrote, milliseconds: end - start } : known.lastSync;
        this.#tidings.isolated(result.isolated, known?.result?.isolated ?? []);
        const drift = result.drift === undefined ? known?.drift : { at: end, difference: result.drift };
        this.#states.set(family, { result, lastSync, acknowledged: table, ...(drift && { drift }) });
        health.updated(family, end);
        measure(metrics, family, result, start, end);
        this.#tidings.written(family, result.drift, { ...result.wrote, ...result.time });
      } catch (error) {
        errors.push(error);
        this.#states.set(family, { ...known, error: error instanceof Error ? error.message : String(error) });
        metrics.failures.inc({ ip_family: family });
        if (known?.result) metrics.partialFailures.inc({ ip_family: family });
        log.error({ err: error, family }, 'sync failed; the kernel keeps what it has, trying again');
        // Late from now on, until it succeeds: health tolerates a failure, not a lasting one.
        health.queued(family, clock.now());
        sync.check();
      }
    }
    return errors;
  }

  #tellApplied(mode: Course['mode'], table: RoutingTable): void {
    const changed = new Set<ServicePortId>();
    let upToDate = false;
    for (const [family, pending] of this.#pending) {
      if (this.#states.get(family)?.error !== undefined) continue;
      upToDate = true;
      for (const id of pending) changed.add(id);
      pending.clear();
    }
    if (!upToDate) return;
    const before = this.#applied;
    this.#applied = table;
    this.#options.applied({ mode, ...(before && { before }), table, changed });
  }

  #held(table: RoutingTable): HeldRules {
    const sound = [...this.#states].filter(([, { error }]) => error === undefined);
    const isolated = sound.flatMap(([, { result }]) => result?.isolated ?? []);
    return {
      table,
      families: new Set(sound.map(([family]) => family)),
      isolated: new Set(isolated.map(({ port }) => port.id)),
    };
  }

  #commits(): number {
    return [...this.#options.families.values()].reduce((sum, sync) => sum + sync.commits, 0);
  }
}
