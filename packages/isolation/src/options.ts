import type { Family } from '@kubecity/routing';

/** What the kernel text of one family depends on besides the plan. */
export interface IsolationOptions {
  readonly family: Family;
  /** What a refused packet gets: a reset (TCP) or an ICMP error at once, or nothing, as most network plugins do it. */
  readonly refusal: 'reject' | 'drop';
  /**
   * Ranges of this node's pods, canonical. An address in them that no known pod has is closed in both directions: a pod
   * sends its first packet before the API tells its address. Empty: such an address is open until its pod is known.
   */
  readonly closedRanges: readonly string[];
  /** `filter`: what a pod opens to its own node passes its gate as well. The way back (kubelet's probes) is always exempt. */
  readonly ownNode?: OwnNode;
  /**
   * UDP port of the nodes' tunnels. Whoever has an address in `closedRanges` must not send to it, to no node: what is in
   * such a packet would pass every gate unseen.
   */
  readonly encapsulationPort?: number;
}

export type OwnNode = 'exempt' | 'filter';

/** What each node does, where they may differ. */
export type OwnNodeOf = (node: string) => OwnNode;
