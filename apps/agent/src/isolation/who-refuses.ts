import { type IsolationTracker, judge, type OwnNode, refusalHere } from '@kubecity/isolation';
import { cleanRange, rangeHolds } from '@kubecity/routing';
import type { WhoRefuses } from './refusals.ts';

export interface Enforced {
  readonly tracker: IsolationTracker;
  /** Ranges of this node's pods, in which an address that no known pod has is closed. */
  readonly ranges: () => readonly string[];
  readonly ownNode?: OwnNode;
  /** UDP port of the nodes' tunnels, which pods must not reach. */
  readonly encapsulationPort?: number;
}

/** What the rules of this node refuse, and for whom: policies of one end, or none where nobody knows who has the address. */
export function whoRefuses({ tracker, ranges, ownNode, encapsulationPort }: Enforced): WhoRefuses {
  const isOurs = (address: string) =>
    ranges().some((text) => {
      const range = cleanRange(text);
      return range !== undefined && rangeHolds(range, address);
    });
  const isUnknown = (address: string) => tracker.podsAt(address).length === 0 && isOurs(address);
  return (attempt) => {
    const { from, to, protocol, port } = attempt;
    const refusal = refusalHere(tracker, judge(tracker, attempt, ownNode));
    if (refusal) return { direction: refusal.direction, policies: [...refusal.policies] };
    if (isUnknown(from)) return { direction: 'egress', policies: [] };
    if (isUnknown(to)) return { direction: 'ingress', policies: [] };
    const isTunnel = protocol === 'UDP' && port === encapsulationPort && isOurs(from);
    return isTunnel ? { direction: 'egress', policies: [] } : undefined;
  };
}
