import { cleanAddress, cleanRange, type Protocol, rangeHolds } from '@kubecity/routing';
import { type Gate, type Grant, numbersOf } from './gate.ts';
import type { OwnNode, OwnNodeOf } from './options.ts';
import type { Pod } from './pod.ts';
import { type Direction, isPeer, type Peer } from './policy.ts';
import type { IsolationTracker } from './tracker.ts';

/** What has to be known of a cluster to judge. */
export type JudgedCluster = Pick<
  IsolationTracker,
  'podsAt' | 'gateOf' | 'isAddressOfNode' | 'namespaceLabels' | 'policiesIn'
>;

/** The same, with each pod's gates worked out once: for many connections, as long as nothing changes in the tracker. */
export function rememberingGates(tracker: IsolationTracker): JudgedCluster {
  const gates = { ingress: new Map<Pod, Gate | undefined>(), egress: new Map<Pod, Gate | undefined>() };
  return {
    podsAt: (address) => tracker.podsAt(address),
    isAddressOfNode: (address, node) => tracker.isAddressOfNode(address, node),
    namespaceLabels: (name) => tracker.namespaceLabels(name),
    policiesIn: (namespace) => tracker.policiesIn(namespace),
    gateOf(pod, direction) {
      const known = gates[direction];
      if (!known.has(pod)) known.set(pod, tracker.gateOf(pod, direction));
      return known.get(pod);
    },
  };
}

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
 * @param ownNode what nodes do with what their pods open to them (see `IsolationOptions`)
 * @throws Error on an address that is none
 */
export function judge(tracker: JudgedCluster, attempt: Attempt, ownNode: OwnNode | OwnNodeOf = 'exempt'): Judgement {
  const ends = { ...attempt, from: clean(attempt.from), to: clean(attempt.to) };
  const egress = opinion(tracker, ends, 'egress', ownNode);
  const ingress = opinion(tracker, ends, 'ingress', 'exempt');
  return { allowed: egress.verdict !== 'refused' && ingress.verdict !== 'refused', egress, ingress };
}

/** Whether the node exempts what its pods open to it. */
export function isExempt(ownNode: OwnNode | OwnNodeOf, node: string | undefined): boolean {
  if (typeof ownNode === 'string') return ownNode === 'exempt';
  return node === undefined || ownNode(node) === 'exempt';
}

function opinion(
  tracker: JudgedCluster,
  attempt: Attempt,
  direction: Direction,
  ownNode: OwnNode | OwnNodeOf,
): Opinion {
  const { from, to } = attempt;
  const [own, other] = direction === 'egress' ? [from, to] : [to, from];
  const pod = tracker.podsAt(own)[0];
  if (!pod) return { verdict: 'open', policies: [], by: [] };
  const gate = tracker.gateOf(pod, direction);
  const said = { pod: pod.id, policies: gate?.policies ?? [], by: [] };
  if (own === other) return { ...said, verdict: 'itself' };
  if (tracker.isAddressOfNode(other, pod.node) && isExempt(ownNode, pod.node)) return { ...said, verdict: 'own-node' };
  if (!gate) return { ...said, verdict: 'open' };
  const by = allowing(tracker, gate, other, attempt).map(({ policy, rule }) => ({ policy, rule }));
  return { ...said, verdict: by.length > 0 ? 'allowed' : 'refused', by };
}

/** The end of this tracker's node that refuses; undefined where neither does, or only the other end's own node. */
export function refusalHere(
  tracker: IsolationTracker,
  { egress, ingress }: Judgement,
): { readonly direction: Direction; readonly policies: readonly string[] } | undefined {
  // In the order in which a packet meets them.
  for (const [direction, { pod, verdict, policies }] of [['egress', egress] as const, ['ingress', ingress] as const]) {
    if (verdict === 'refused' && pod !== undefined && tracker.isLocal(pod)) return { direction, policies };
  }
  return undefined;
}

function allowing(tracker: JudgedCluster, gate: Gate, other: string, attempt: Attempt): readonly Grant[] {
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
