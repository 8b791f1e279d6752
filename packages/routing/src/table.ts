import type { Override } from './override.ts';
import type { Problem } from './problem.ts';

export type Family = 'IPv4' | 'IPv6';
export type Protocol = 'TCP' | 'UDP' | 'SCTP';
export type TrafficPolicy = 'Cluster' | 'Local';

/** `namespace/name:portName/PROTOCOL`, the same for both families; an unnamed port leaves the place before the slash empty. */
export type ServicePortKey = string;
/** Key of a service port in one family: the `ServicePortKey` for IPv4, with `/IPv6` behind it for IPv6. */
export type ServicePortId = string;

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
  /** May get new connections from at least one door of the reader's node: `onCluster` or `onLocal`. */
  readonly usable: boolean;
  /** On the list of doors with traffic policy Cluster, topology hints applied. */
  readonly onCluster: boolean;
  /** On the list of doors with traffic policy Local: endpoints of the reader's own node. */
  readonly onLocal: boolean;
  /**
   * Relative share of new connections after overrides, from 0. Without an override 100; where a share is wished no whole
   * number, since a group's weights follow from those of the rest.
   */
  readonly weight: number;
  /** The override that set `weight`, absent when none did. */
  readonly overrideUid?: string;
  readonly draining: boolean;
  /** Draining with `sticky: keep`: clients that session affinity holds here may still come back until their window ends. */
  readonly keepsSticky: boolean;
}

/** One port of one Service in one family, with every door that leads to it. All addresses are canonical text. */
export interface ServicePort {
  readonly id: ServicePortId;
  readonly key: ServicePortKey;
  readonly family: Family;
  readonly namespace: string;
  readonly name: string;
  readonly portName: string;
  readonly protocol: Protocol;
  readonly clusterIP: string;
  readonly port: number;
  readonly nodePort?: number;
  /** `spec.externalIPs` of this family. */
  readonly externalIPs: readonly string[];
  /** Load balancer ingress addresses of this family with `ipMode` VIP (or none). */
  readonly loadBalancerIPs: readonly string[];
  /** Sources that may use `loadBalancerIPs`, as canonical CIDRs of this family. Absent = everybody. */
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly internalTrafficPolicy: TrafficPolicy;
  /** `Local` only where it counts: the Service has an external door (KEP-1669, kube-proxy's B2). */
  readonly externalTrafficPolicy: TrafficPolicy;
  /** Window of `sessionAffinity: ClientIP`, seconds. Absent = no affinity. */
  readonly affinitySeconds?: number;
  /** Only LoadBalancer Services with external policy Local. */
  readonly healthCheckNodePort?: number;
  /** A backend that may take connections exists anywhere in the cluster: decides drop (true) or reject where none is usable. */
  readonly hasEndpoints: boolean;
  /** How few backends with a weight overrides may leave among those usable in the cluster; never more than there are. */
  readonly floor: number;
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
   * - `lifted`: it would break the floor of a Service and does not say `allowEmpty`; one of many Services is lifted where
   *   it would, and is `lifted` only if it applies nowhere
   * - `expired`: its time is over
   */
  readonly state: 'applied' | 'invalid' | 'noService' | 'noBackends' | 'overruled' | 'lifted' | 'expired';
  readonly field?: string;
  /** Also of an applied one that does not hold all it names: which part it lost, and to whom. */
  readonly message?: string;
  /** Services (`namespace/name`) in which the floor lifts it, also while it applies in others; the first hundred. */
  readonly liftedIn?: readonly string[];
  /** Weight or share that holds at the table's moment, where it is on a ramp. */
  readonly value?: number;
  /** Whether it is of the whole cluster. */
  readonly cluster: boolean;
}

/** Everything one node needs to know to route: the answer to "where may a new connection go, and how often". */
export interface RoutingTable {
  readonly servicePorts: ReadonlyMap<ServicePortId, ServicePort>;
  readonly outcomes: readonly OverrideOutcome[];
  readonly problems: readonly Problem[];
}
