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

/** What a decision rests on: when it differs from what a person saw, that person must look again. */
export interface Sight {
  /** Overrides that touch the Services concerned, in words by `uid:generation`. */
  readonly overrides: ReadonlyMap<string, SeenOverride>;
  /** Ids of backends that can take new connections. */
  readonly backends: ReadonlySet<string>;
  /** Names this state. */
  readonly digest: string;
}

export interface SeenOverride {
  readonly uid: string;
  readonly title: string;
  readonly effect: string;
  readonly by?: string;
}

/** What one request means for the objects of the cluster, and what to tell the operator when it is written. */
export interface SteerPlan {
  /** At most one: a request is one object and one undo. Empty = what is asked for holds already. */
  readonly writes: readonly Write[];
  /** `namespace/name` (or `name`) of the override that holds what was asked for, also where nothing is written. */
  readonly override?: string;
  readonly message: string;
  /** Other overrides that this lifts or overrules, affinity, ramps that are cut short; in words. */
  readonly remarks: readonly string[];
  readonly tables: readonly ShareTable[];
  readonly truncated: boolean;
  /** Names the state that this was decided on: the overrides that touch the Services concerned, and their backends. */
  readonly seen: string;
  /** That state, to tell later what changed since. */
  readonly sight: Sight;
}

export type UnconfirmedPlan = Omit<SteerPlan, 'message'>;

export class SteerRefusal extends Error {
  readonly code: Refusal;
  /** What would have been, where a person may permit it (`would-empty`). */
  readonly plan?: UnconfirmedPlan;
  /** The state that this was decided on, where it was looked at. */
  readonly sight?: Sight;

  constructor(code: Refusal, message: string, more: { plan?: UnconfirmedPlan; sight?: Sight } = {}) {
    super(message);
    this.code = code;
    this.plan = more.plan;
    this.sight = more.sight ?? more.plan?.sight;
  }
}
