import { isDeepStrictEqual } from 'node:util';
import {
  type IsolationChange,
  IsolationCompiler,
  type IsolationOptions,
  type IsolationPlan,
  IsolationTracker,
} from '@kubecity/isolation';
import type { Ipset, Netfilter } from '@kubecity/netfilter';
import type { IsolationReport } from '@kubecity/protocol';
import type { Family, Problem } from '@kubecity/routing';
import type { Logger } from 'pino';
import type { Mode } from '../config/mode.ts';
import { DriftCheck } from '../rules/drift-check.ts';
import type { OwnNode } from '../rules/own-node.ts';
import type { Pace } from '../rules/rule-loop.ts';
import { telling } from '../rules/telling.ts';
import type { Clock } from '../runner.ts';
import { IsolationLoop, type Task } from './isolation-loop.ts';
import type { IsolationMetrics } from './isolation-metrics.ts';
import { isolationReport, policiesInForce } from './isolation-report.ts';
import { IsolationSync } from './isolation-sync.ts';
import { Narrowing } from './narrowing.ts';
import { PolicyFaults } from './policy-faults.ts';

export interface IsolationParts {
  /** The setting. Off: what an agent before this one has left is taken away, and nothing else is done. */
  readonly on: boolean;
  readonly nodeName: string;
  readonly text: Omit<IsolationOptions, 'family' | 'closedRanges'>;
  readonly doors: ReadonlyMap<Family, Netfilter>;
  readonly ipset: Ipset;
  readonly generation: ConstructorParameters<typeof DriftCheck>[0];
  /** Who watches the kernel for hands that are not routing's. */
  readonly routing: Pick<DriftCheck, 'writing' | 'written'>;
  /** The mode that is carried out, and the wished one until that is decided. */
  readonly mode: () => { readonly mode: Mode | undefined; readonly decided: boolean };
  /** What the API server does not let us read of what policies ask for. */
  readonly missing: () => string | undefined;
  readonly pace: () => Pace;
  /** Takes away all that is isolation's. */
  readonly remove: () => Promise<void>;
  /** The own tables hold what they should: what a former agent left in others may go. */
  readonly settled: () => void;
  /** Something was written. Narrowed: what was open may not be any more. */
  readonly applied: (news: { readonly narrowed: boolean }) => void;
  /** The report says something else than before. */
  readonly told: (report: IsolationReport) => void;
  /** A fault in a policy that closes a pod of this node; once. */
  readonly problem: (problem: Problem) => void;
  readonly drifted: (family: Family, difference: string) => void;
  readonly metrics: IsolationMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * NetworkPolicies on this node: follows the objects, keeps the kernel equal to them, and says how that stands. It shares nothing with
 * routing but the kernel; a failure of one never stops the other.
 */
export class Isolation {
  readonly tracker: IsolationTracker;
  /** Of each family. Others take the place of these when the ranges of this node's pods change. */
  readonly compilers: ReadonlyMap<Family, IsolationCompiler>;
  /** Told of what routing writes, so that it is not taken for another hand's. */
  readonly drift: DriftCheck;
  readonly #parts: IsolationParts;
  readonly #loop: IsolationLoop;
  readonly #compilers = new Map<Family, IsolationCompiler>();
  readonly #syncs = new Map<Family, IsolationSync>();
  /** Ranges that the compilers were made for. */
  #ranges: readonly string[] | undefined;
  #wishedRanges: readonly string[] = [];
  #listed = false;
  #plan: IsolationPlan | undefined;
  readonly #narrowing = new Narrowing();
  readonly #faults: PolicyFaults;
  #told: IsolationReport | undefined;

  constructor(parts: IsolationParts) {
    this.#parts = parts;
    this.tracker = new IsolationTracker(parts.nodeName);
    this.compilers = this.#compilers;
    this.#faults = new PolicyFaults(parts.problem);
    this.drift = new DriftCheck(parts.generation, () => parts.clock.now(), parts.log);
    this.#loop = new IsolationLoop({
      task: () => this.#task(),
      take: () => this.#take(),
      // Everything is compiled anew, and the kernel read.
      lost: () => {
        this.#ranges = undefined;
      },
      remove: () => {
        this.#narrowing.lift();
        return parts.remove();
      },
      savedSets: () => parts.ipset.save(),
      drift: this.drift,
      pace: parts.pace,
      written: ({ drifted }) => this.#written(drifted),
      ran: () => this.#ran(),
      measured: (family, outcome) => this.#measure(family, outcome),
      clock: parts.clock,
      log: parts.log,
    });
  }

  get on(): boolean {
    return this.#parts.on;
  }

  /** Rules of ours are in the kernel. */
  get isEnforced(): boolean {
    return this.#loop.states.size > 0;
  }

  /** Ranges of this node's pods, where nobody is let through whom the API does not know. */
  get closedRanges(): readonly string[] {
    return this.#ranges ?? [];
  }

  begin(): void {
    this.#loop.begin();
  }

  /** Every object that policies ask for is known: only now may anything be closed or opened. */
  listed(): void {
    this.#listed = true;
    this.#loop.request();
  }

  /** Objects, or the mode, may have changed. */
  changed(): void {
    if (this.#listed || !this.on) this.#loop.request();
  }

  /** Somebody of ours has laid a jump where isolation's must stand first. */
  checkNow(): void {
    if (this.on) this.#loop.checkNow();
  }

  setOwnNode({ podCIDRs }: OwnNode): void {
    this.#wishedRanges = podCIDRs;
    this.changed();
  }

  /** Told anew when what we may read has changed. */
  tell(): void {
    const report = this.report();
    if (this.#told && isDeepStrictEqual({ ...report, at: 0 }, { ...this.#told, at: 0 })) return;
    this.#told = report;
    this.#parts.told(report);
  }

  report(): IsolationReport {
    const { clock, text } = this.#parts;
    const { state, message } = this.#state();
    const sum = (count: (result: { rules: number; sets: number }) => number) =>
      [...this.#loop.states.values()].reduce((all, { result }) => all + (result ? count(result) : 0), 0);
    const enforced = state === 'enforcing' || state === 'failing';
    return isolationReport({
      at: this.#loop.at || clock.now(),
      state,
      ...(message !== undefined && { message }),
      ...(this.on && { ownNode: text.ownNode ?? 'exempt' }),
      rules: sum(({ rules }) => rules),
      sets: sum(({ sets }) => sets),
      ...(enforced && this.#plan && { plan: this.#plan }),
    });
  }

  /** Why this node does not enforce as it is asked to, and has not for a while; undefined = it does. */
  trouble(): string | undefined {
    const { state, message } = this.#state();
    if (state !== 'failing') return undefined;
    const { syncPeriodMs } = this.#parts.pace();
    const isLate = !this.#loop.isWhole && this.#loop.failingMs >= 2 * syncPeriodMs;
    const waits = this.#parts.missing() !== undefined || this.#loop.at === 0;
    return waits || isLate ? `NetworkPolicies: ${message}` : undefined;
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  #state(): Pick<IsolationReport, 'state' | 'message'> {
    const { missing } = this.#parts;
    const loop = this.#loop;
    const fault = loop.fault === undefined ? {} : { message: loop.fault };
    if (!this.on) return { state: 'off', ...fault };
    const { mode, decided } = this.#parts.mode();
    if (mode === 'observe') {
      const held = 'mode observe programs nothing: NetworkPolicies are not enforced here; set mode to steer or replace';
      return { state: 'held', message: decided ? (loop.fault ?? held) : held };
    }
    const lacks = missing();
    if (lacks !== undefined) return { state: 'failing', message: lacks };
    if (!this.#listed) {
      return {
        state: 'failing',
        message: 'waiting for the first lists from the API server; what was enforced before stays in force',
      };
    }
    if (loop.fault !== undefined) return { state: 'failing', ...fault };
    if (loop.closed !== undefined) return { state: 'failing', message: loop.closed };
    if (loop.isWhole) return { state: 'enforcing', ...(loop.untold !== undefined && { message: loop.untold }) };
    return { state: 'failing', message: 'the first sync has not ended yet' };
  }

  #task(): Task {
    if (!this.on) return 'remove';
    const { mode, decided } = this.#parts.mode();
    if (mode === 'observe') return decided ? 'remove' : 'wait';
    return this.#listed ? 'enforce' : 'wait';
  }

  #take(): { change: IsolationChange; syncs: ReadonlyMap<Family, IsolationSync> } {
    const change = this.tracker.take();
    this.#plan = change.plan;
    this.#narrowing.follow(change);
    this.#faults.follow(change.plan);
    if (isDeepStrictEqual(this.#ranges, this.#wishedRanges)) return { change, syncs: this.#syncs };
    this.#makeCompilers();
    return { change: wholeOf(change.plan), syncs: this.#syncs };
  }

  #makeCompilers(): void {
    const { doors, ipset, text, routing, clock } = this.#parts;
    this.#ranges = this.#wishedRanges;
    for (const [family, door] of doors) {
      const compiler = new IsolationCompiler({ ...text, family, closedRanges: this.#wishedRanges });
      this.#compilers.set(family, compiler);
      this.#syncs.set(
        family,
        new IsolationSync({ compiler, netfilter: telling(door, routing), ipset, now: () => clock.now() }),
      );
    }
  }

  #written(drifted: boolean): void {
    const narrowed = this.#narrowing.take(this.#loop.isWhole);
    this.#parts.applied({ narrowed: narrowed || drifted });
    if (this.#loop.isWhole) this.#parts.settled();
  }

  #ran(): void {
    const { metrics, doors, settled } = this.#parts;
    const plan = this.isEnforced ? this.#plan : undefined;
    metrics.policies.set(policiesInForce(plan).size);
    for (const direction of ['ingress', 'egress'] as const) {
      const closed = [...(plan?.pods.values() ?? [])].filter((pod) => pod[direction]);
      metrics.gates.set({ direction }, closed.length);
    }
    if (!this.isEnforced && this.#loop.fault === undefined) {
      for (const ip_family of doors.keys())
        for (const gauge of [metrics.rules, metrics.sets]) gauge.set({ ip_family }, 0);
      settled();
    }
    this.tell();
  }

  #measure(family: Family, outcome: Parameters<ConstructorParameters<typeof IsolationLoop>[0]['measured']>[1]): void {
    const { metrics, clock, drifted } = this.#parts;
    const of = { ip_family: family };
    if (outcome instanceof Error) {
      metrics.failures.inc(of);
      return;
    }
    metrics.rules.set(of, outcome.rules);
    metrics.sets.set(of, outcome.sets);
    metrics.lastSuccess.set(of, clock.now() / 1000);
    if (outcome.drift === undefined) return;
    metrics.drift.inc();
    drifted(family, outcome.drift);
  }
}

/** The change that leads from nothing to this plan. */
function wholeOf(plan: IsolationPlan): IsolationChange {
  return {
    plan,
    pods: new Set(plan.pods.keys()),
    sets: { created: [...plan.sets.keys()], removed: [], changed: new Map() },
  };
}
