import type { Override } from './override.ts';
import type { Problem } from './problem.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** `namespace/name:portName/PROTOCOL`; an unnamed port leaves the place before the slash empty. */
export type ServicePortKey = string;

/** One endpoint of one service port. */
export interface Backend {
  readonly address: string;
  readonly port: number;
  readonly node?: string;
  readonly zone?: string;
  readonly podName?: string;
  readonly podUid?: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  /** May get new connections by what Kubernetes says of it (readiness, terminating fallback). */
  readonly usable: boolean;
  /** Relative share of new connections after overrides, 0..1000. Without an override 100. */
  readonly weight: number;
  /** The override that set `weight`, absent when none did. */
  readonly overrideUid?: string;
  readonly draining: boolean;
}

export interface ServicePort {
  readonly key: ServicePortKey;
  readonly namespace: string;
  readonly name: string;
  readonly portName: string;
  readonly protocol: Protocol;
  /** Cluster IP of the table's family. */
  readonly clusterIP: string;
  readonly port: number;
  /** `internalTrafficPolicy: Local`: only backends of the reader's own node are usable for it. */
  readonly localOnly: boolean;
  /** A usable endpoint exists anywhere in the cluster: decides drop (true) or reject (false) when none is usable here. */
  readonly hasEndpoints: boolean;
  /** Sorted by `address:port`. */
  readonly backends: readonly Backend[];
}

/** What became of one override, for its conditions. */
export interface OverrideOutcome {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** Absent when the spec did not parse. */
  readonly override?: Override;
  /**
   * - `applied`: at least one backend has its weight from this override
   * - `invalid`: the spec is refused, see `message`
   * - `noService`: the Service is not there
   * - `noBackends`: it names no backend of the Service (it will apply as soon as one appears)
   * - `overruled`: every backend that it names has its weight from another override
   * - `lifted`: it would leave the Service with no backend and does not say `allowEmpty`
   */
  readonly state: 'applied' | 'invalid' | 'noService' | 'noBackends' | 'overruled' | 'lifted';
  readonly field?: string;
  readonly message?: string;
}

/** Everything one node needs to know to route: the answer to "where may a new connection go, and how often". */
export interface RoutingTable {
  readonly servicePorts: ReadonlyMap<ServicePortKey, ServicePort>;
  readonly outcomes: readonly OverrideOutcome[];
  readonly problems: readonly Problem[];
}
