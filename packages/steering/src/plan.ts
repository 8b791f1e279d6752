import type { PlannedWrite, Refusal, ShareTable } from '@kubecity/protocol';
import type { KubeRoutingOverride, RoutingInput } from '@kubecity/routing';

/** Who asks, and by which way. */
export interface Actor {
  /** As the cluster knows the person. */
  readonly user: string;
  readonly how: 'dashboard' | 'cli';
}

/** What a request is judged on. */
export interface SteerCity extends RoutingInput {
  /** Unix ms: decides which ramps and expiries count. */
  readonly now: number;
}

/** One object to be written, with what it was decided on. */
export interface Write {
  readonly write: PlannedWrite;
  /** For `create` and `replace`: with `resourceVersion` of the object that it replaces. For `delete`: the object that goes. */
  readonly object: KubeRoutingOverride;
}

/** What one request means for the objects of the cluster, and what to tell the operator when it is written. */
export interface SteerPlan {
  /** At most one: a request is one object and one undo. Empty = what is asked for holds already. */
  readonly writes: readonly Write[];
  readonly message: string;
  /** Other overrides that this lifts or overrules, affinity, ramps that are cut short; in words. */
  readonly remarks: readonly string[];
  readonly tables: readonly ShareTable[];
  readonly truncated: boolean;
  /** Names the state that this was decided on: the overrides that touch the Services concerned, and their backends. */
  readonly seen: string;
}

export class SteerRefusal extends Error {
  readonly code: Refusal;
  /** What would have been, where a person may permit it (`would-empty`). */
  readonly plan?: Omit<SteerPlan, 'message'>;

  constructor(code: Refusal, message: string, plan?: Omit<SteerPlan, 'message'>) {
    super(message);
    this.code = code;
    this.plan = plan;
  }
}
