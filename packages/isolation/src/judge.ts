import { cleanAddress, cleanRange, type Protocol, rangeHolds } from '@kubecity/routing';
import { type Gate, type Grant, numbersOf } from './gate.ts';
import type { Pod } from './pod.ts';
import { type Direction, isPeer, type Peer } from './policy.ts';
import type { IsolationTracker } from './tracker.ts';

/** A first packet as the kernel sees it behind DNAT: the address of the backend, the address of the client. */
export interface Attempt {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
}

/** What one end says to it. */
export interface Opinion {
  /** The pod at that end; absent where no pod with a network of its own has the address. */
  readonly pod?: string;
  /**
   * - `open`: no policy isolates the pod in this direction, or there is no pod
   * - `allowed`, `refused`: policies isolate it, and a rule of theirs allows this, or none does
   * - `own-node`: between a pod and the node that it runs on
   * - `itself`: from a pod to its own address
   */
  readonly verdict: 'open' | 'allowed' | 'refused' | 'own-node' | 'itself';
  /** Ids of the policies that isolate the pod in this direction. */
  readonly policies: readonly string[];
  /** The rules that allow it. */
  readonly by: readonly { readonly policy: string; readonly rule: number }[];
}

export interface Judgement {
  readonly allowed: boolean;
  /** Of the source: what it may open. */
  readonly egress: Opinion;
  /** Of the destination: who may come. */
  readonly ingress: Opinion;
}

/**
 * Why a new connection is let through or not, from the same gates that the kernel's text is made of. Each end is checked
 * on its own node, and both must allow.
 * @throws Error on an address that is none
 */
export function judge(tracker: IsolationTracker, attempt: Attempt): Judgement {
  const ends = { ...attempt, from: clean(attempt.from), to: clean(attempt.to) };
  const egress = opinion(tracker, ends, 'egress');
  const ingress = opinion(tracker, ends, 'ingress');
  return { allowed: egress.verdict !== 'refused' && ingress.verdict !== 'refused', egress, ingress };
}

function opinion(tracker: IsolationTracker, attempt: Attempt, direction: Direction): Opinion {
  const { from, to } = attempt;
  const [own, other] = direction === 'egress' ? [from, to] : [to, from];
  const pod = tracker.podsAt(own)[0];
  if (!pod) return { verdict: 'open', policies: [], by: [] };
  const gate = tracker.gateOf(pod, direction);
  const said = { pod: pod.id, policies: gate?.policies ?? [], by: [] };
  if (own === other) return { ...said, verdict: 'itself' };
  if (tracker.isAddressOfNode(other, pod.node)) return { ...said, verdict: 'own-node' };
  if (!gate) return { ...said, verdict: 'open' };
  const by = allowing(tracker, gate, other, attempt).map(({ policy, rule }) => ({ policy, rule }));
  return { ...said, verdict: by.length > 0 ? 'allowed' : 'refused', by };
}

function allowing(tracker: IsolationTracker, gate: Gate, other: string, attempt: Attempt): readonly Grant[] {
  const pods = tracker.podsAt(other);
  const has = (peer: Peer) => (pod: Pod) =>
    peer.kind === 'pods' && isPeer(peer, pod, tracker.namespaceLabels(pod.namespace));
  const isAmong = (peer: Peer) =>
    peer.kind === 'pods' ? pods.some(has(peer)) : peer.ranges.some((range) => holds(range, other));
  const { protocol, port } = attempt;
  return gate.grants.filter(
    ({ peers, spans, named }) =>
      ((!peers || peers.some(isAmong)) &&
        (!spans || spans.some((span) => span.protocol === protocol && span.first <= port && port <= span.last))) ||
      named.some(
        (one) =>
          one.port.protocol === protocol &&
          pods.some((pod) => has(one.peer)(pod) && numbersOf(pod.ports, one.port).includes(port)),
      ),
  );
}

function holds(text: string, address: string): boolean {
  const range = cleanRange(text);
  return range !== undefined && rangeHolds(range, address);
}

function clean(text: string): string {
  const address = cleanAddress(text);
  if (!address) throw new Error(`isolation: not an address: ${JSON.stringify(text)}`);
  return address.text;
}
