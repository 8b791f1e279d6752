import type { Family } from '@kubecity/routing';

/** What the kernel text of one family depends on besides the plan. */
export interface IsolationOptions {
  readonly family: Family;
  /** What a refused packet gets: an ICMP error at once, or nothing, as most network plugins do it. */
  readonly refusal: 'reject' | 'drop';
  /**
   * Ranges of this node's pods, canonical. An address in them that no known pod has is closed in both directions: a pod
   * sends its first packet before the API tells its address. Empty: such an address is open until its pod is known.
   */
  readonly closedRanges: readonly string[];
}
