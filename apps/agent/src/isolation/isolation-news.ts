import {
  type Attempt,
  type IsolationCompiler,
  type IsolationTracker,
  type Judgement,
  judge,
} from '@kubecity/isolation';
import type { Doors } from '@kubecity/netfilter';
import type { PolicyCounts as PolicyCountsMessage, RefusedAttempts } from '@kubecity/protocol';
import { type Family, familyOf } from '@kubecity/routing';
import type { Logger } from 'pino';
import { processorTime } from '../host/processor-time.ts';
import type { Clock } from '../runner.ts';
import type { IsolationMetrics } from './isolation-metrics.ts';
import { NarrowedFlows, type NarrowedFlowsOptions } from './narrowed-flows.ts';
import { PolicyCounts } from './policy-counts.ts';
import { openRefusalMemory } from './refusal-memory.ts';
import { Refusals } from './refusals.ts';
import { seenHere } from './seen-here.ts';
import { type Enforced, whoRefuses } from './who-refuses.ts';

export interface IsolationNewsOptions extends Pick<Enforced, 'ownNode' | 'encapsulationPort'> {
  readonly isolation: {
    readonly on: boolean;
    readonly tracker: IsolationTracker;
    readonly compilers: ReadonlyMap<Family, IsolationCompiler>;
    /** Rules of ours are in the kernel. */
    readonly isEnforced: boolean;
    readonly closedRanges: readonly string[];
  };
  /** Name of this node. */
  readonly nodeName: string;
  readonly localAddresses: NarrowedFlowsOptions['localAddresses'];
  readonly doors: Doors;
  readonly ask: NarrowedFlowsOptions['ask'];
  readonly sendCounts: (counts: PolicyCountsMessage) => void;
  readonly sendRefused: (attempts: RefusedAttempts) => void;
  readonly metrics: Pick<IsolationMetrics, 'ended' | 'packets'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** What is told of policies in force, and what becomes of connections that they do not allow any more. */
export class IsolationNews {
  readonly #options: IsolationNewsOptions;
  readonly #refusals: Refusals;
  readonly #counts: PolicyCounts;
  readonly #flows: NarrowedFlows;

  constructor(options: IsolationNewsOptions) {
    const { isolation, nodeName, localAddresses, doors, ask, ownNode, encapsulationPort, metrics, clock, log } =
      options;
    const { tracker, compilers } = isolation;
    this.#options = options;
    this.#refusals = new Refusals({
      memory: openRefusalMemory([...doors.rules.keys()]),
      whoRefuses: whoRefuses({
        tracker,
        ranges: () => isolation.closedRanges,
        ...(ownNode && { ownNode }),
        ...(encapsulationPort !== undefined && { encapsulationPort }),
      }),
      send: options.sendRefused,
      cpu: processorTime,
      clock,
      log,
    });
    this.#counts = new PolicyCounts({
      doors: doors.rules,
      gates: (family) => (isolation.isEnforced ? (compilers.get(family)?.countedGates() ?? []) : []),
      send: options.sendCounts,
      cpu: processorTime,
      metrics: { packets: (direction, verdict, count) => metrics.packets.inc({ direction, verdict }, count) },
      clock,
      log,
    });
    this.#flows = new NarrowedFlows({
      ...{ tracker, nodeName, localAddresses },
      isEnforced: () => isolation.isEnforced,
      ...(ownNode && { ownNode }),
      endedSet: (family) => compilers.get(family)?.endedSet,
      ipset: doors.sets,
      ask,
      metrics: { ended: (connections) => metrics.ended.inc(connections) },
      clock,
      log,
    });
  }

  begin(): void {
    this.#refusals.begin();
    this.#counts.begin();
  }

  /** The kernel holds what the API says. */
  applied({ narrowed }: { readonly narrowed: boolean }): void {
    if (narrowed) this.#flows.look();
  }

  /** A hub listens that knows nothing yet. */
  welcomed(): void {
    if (this.#options.isolation.on) this.#counts.tell();
  }

  /** What is told from now on belongs to another epoch. */
  renewed(): void {
    this.#counts.renewed();
  }

  /** undefined while policies are not enforced here. */
  judge(attempt: Attempt): Judgement | undefined {
    const { isolation, nodeName, localAddresses, ownNode } = this.#options;
    if (!isolation.isEnforced) return undefined;
    const local = localAddresses(familyOf(attempt.from));
    return judge(seenHere(isolation.tracker, nodeName, local), attempt, ownNode);
  }

  async stop(): Promise<void> {
    this.#refusals.stop();
    this.#counts.stop();
    await this.#flows.stop();
  }
}
