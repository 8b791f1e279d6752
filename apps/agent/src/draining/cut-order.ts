import { type FlowState, IP_PROTOCOL } from '@kubecity/conntrack';
import type { Existing, ServicePortKey } from '@kubecity/routing';

/** What this node is to do about the connections that one drain left open. Plain data: it goes to another process. */
export interface CutOrder {
  readonly uid: string;
  readonly generation: number;
  /** Connections ended per second, at most. */
  readonly perSecond: number;
  /** For TCP and SCTP. */
  readonly existing: Existing;
  readonly udp: Existing;
  /** Its deadline is over, which is why everything is ended. */
  readonly late: boolean;
  /** Backends (`address:port`) that the override holds, in rules that the kernel of this node has. */
  readonly backends: readonly (readonly [servicePort: ServicePortKey, backend: string])[];
}

/** A connection is idle for a drain when no dump has shown it move for so long. */
export const QUIET_MS = 10_000;

/**
 * Whether an order ends a connection to one of its backends. Never one that is closing or over: its peers are through with it.
 * One without counters never counts as idle: nobody can say that it is quiet.
 */
export function ends(order: CutOrder, flow: Pick<FlowState, 'protocol' | 'class' | 'quietMs'>): boolean {
  const policy = flow.protocol === IP_PROTOCOL.udp ? order.udp : order.existing;
  if (policy === 'cut') return true;
  return policy === 'cutIdle' && flow.class === 'idle' && flow.quietMs >= QUIET_MS;
}
