import type { Problem } from '@kubecity/routing';
import type { Gate } from './gate.ts';
import type { PeerSet, SetChanges } from './peer-set.ts';

/** What one node enforces, in no kernel interface's words. */
export interface IsolationPlan {
  /** Pods of this node by id, those without gates too: they are known to be open. */
  readonly pods: ReadonlyMap<string, PodPlan>;
  /** The sets that the gates ask for, by `setId`. */
  readonly sets: ReadonlyMap<string, PeerSet>;
  readonly problems: readonly Problem[];
}

export interface PodPlan {
  readonly id: string;
  /** Those that are this pod's alone: an address that another pod has the better claim to is not among them. */
  readonly addresses: readonly string[];
  /** Absent: open. */
  readonly ingress?: Gate;
  readonly egress?: Gate;
}

export interface IsolationChange {
  readonly plan: IsolationPlan;
  /** Ids of local pods whose plan differs from the one before, or is gone. */
  readonly pods: ReadonlySet<string>;
  readonly sets: SetChanges;
}
