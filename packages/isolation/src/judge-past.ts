import { type AddressRange, cleanRange, type Protocol, rangeHolds } from '@kubecity/routing';
import { type Grant, gateOf } from './gate.ts';
import { isExempt, type JudgedCluster, judge, type Opinion } from './judge.ts';
import type { OwnNode, OwnNodeOf } from './options.ts';
import type { Pod } from './pod.ts';
import { type Direction, isNamed, isPeer, type Peer, type PodPeer, type Policy } from './policy.ts';
import { type Labels, selects } from './selector.ts';

/**
 * One end of a connection that was seen some time ago:
 * - `address`: what has it now had it then
 * - `range`: somewhere outside in it
 * - `gone`: a pod that is not there any more, as far as it is known
 */
export type PastEnd =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'range'; readonly range: string }
  | {
      readonly kind: 'gone';
      readonly namespace?: string;
      readonly node?: string;
      readonly address?: string;
      readonly labels?: Labels;
    };
type Gone = Extract<PastEnd, { kind: 'gone' }>;

export interface PastAttempt {
  readonly from: PastEnd;
  readonly to: PastEnd;
  /** Absent: any. */
  readonly protocol?: Protocol;
  readonly port: number;
}

/** `unknown`: what is not known about the other end, or of a pod that is gone about itself, decides. */
export type PastOpinion = Omit<Opinion, 'verdict'> & { readonly verdict: Opinion['verdict'] | 'unknown' };

export interface PastJudgement {
  readonly outcome: 'allowed' | 'refused' | 'unknown';
  readonly egress: PastOpinion;
  readonly ingress: PastOpinion;
}

/** Undefined: it may be either. */
type Answer = boolean | undefined;

const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

/**
 * What the policies of now say to a connection of the past. Nothing is guessed: where a label, an address or a protocol
 * that nobody knows any more would decide, the answer is `unknown`.
 * @param ownNode what nodes do with what their pods open to them
 * @throws Error on an address that is none
 */
export function judgePast(
  tracker: JudgedCluster,
  { protocol, ...attempt }: PastAttempt,
  ownNode: OwnNode | OwnNodeOf = 'exempt',
): PastJudgement {
  const protocols = protocol ? [protocol] : PROTOCOLS;
  const all = protocols.map((one) => judgeOne(tracker, { ...attempt, protocol: one }, ownNode));
  const [first, ...others] = all as [PastJudgement, ...PastJudgement[]];
  if (others.every(({ outcome }) => outcome === first.outcome)) return first;
  const either = (one: PastOpinion, rest: readonly PastOpinion[]): PastOpinion =>
    rest.every(({ verdict }) => verdict === one.verdict) ? one : { ...one, verdict: 'unknown', by: [] };
  const [egress, ingress] = (['egress', 'ingress'] as const).map((direction) =>
    either(
      first[direction],
      others.map((other) => other[direction]),
    ),
  ) as [PastOpinion, PastOpinion];
  return { outcome: 'unknown', egress, ingress };
}

type Known = PastAttempt & { readonly protocol: Protocol };

function judgeOne(tracker: JudgedCluster, attempt: Known, ownNode: OwnNode | OwnNodeOf): PastJudgement {
  const { from, to, protocol, port } = attempt;
  if (from.kind === 'address' && to.kind === 'address') {
    const { allowed, ...ends } = judge(tracker, { from: from.address, to: to.address, protocol, port }, ownNode);
    return { outcome: allowed ? 'allowed' : 'refused', ...ends };
  }
  const egress = opinion(tracker, from, to, 'egress', attempt, ownNode);
  const ingress = opinion(tracker, to, from, 'ingress', attempt, 'exempt');
  const verdicts = [egress.verdict, ingress.verdict];
  const outcome = verdicts.includes('refused') ? 'refused' : verdicts.includes('unknown') ? 'unknown' : 'allowed';
  return { outcome, egress, ingress };
}

const OPEN: PastOpinion = { verdict: 'open', policies: [], by: [] };

function opinion(
  tracker: JudgedCluster,
  own: PastEnd,
  other: PastEnd,
  direction: Direction,
  attempt: Known,
  ownNode: OwnNode | OwnNodeOf,
): PastOpinion {
  if (own.kind === 'range') return OPEN;
  if (own.kind === 'gone') return opinionOfGone(tracker, own, other, direction, attempt, ownNode);
  const pod = tracker.podsAt(own.address)[0];
  const gate = pod && tracker.gateOf(pod, direction);
  if (!gate) return { ...OPEN, ...(pod && { pod: pod.id }) };
  const answers = gate.grants.map((grant) => ({ grant, answer: allows(tracker, grant, other, attempt) }));
  const by = answers.filter(({ answer }) => answer).map(({ grant }) => ({ policy: grant.policy, rule: grant.rule }));
  const verdict = verdictOf(answers.map(({ answer }) => answer));
  return { pod: pod.id, verdict, policies: gate.policies, by };
}

/** More policies may isolate it than those of which it is sure; each of them adds to what is allowed, and none takes away. */
function opinionOfGone(
  tracker: JudgedCluster,
  own: Gone,
  other: PastEnd,
  direction: Direction,
  attempt: Known,
  ownNode: OwnNode | OwnNodeOf,
): PastOpinion {
  const { namespace, node, address, labels } = own;
  if (namespace === undefined) return { ...OPEN, verdict: 'unknown' };
  if (other.kind === 'address' && tracker.isAddressOfNode(other.address, node) && isExempt(ownNode, node))
    return { ...OPEN, verdict: 'own-node' };
  if (address !== undefined && other.kind === 'gone' && other.address === address)
    return { ...OPEN, verdict: 'itself' };
  const may = tracker
    .policiesIn(namespace)
    .filter((policy) => policy[direction] && (!labels || selects(policy.podSelector, labels)));
  if (may.length === 0) return OPEN;
  const sure = may.filter(({ podSelector }) => labels !== undefined || podSelector.length === 0);
  const answers = may.map((policy) => ({
    policy,
    answer: policyAllows(tracker, policy, namespace, other, direction, attempt),
  }));
  const said = { policies: sure.map(({ id }) => id).sort(), by: [] };
  const isSurelyAllowed = answers.some(({ policy, answer }) => answer && sure.includes(policy));
  if (isSurelyAllowed || answers.every(({ answer }) => answer)) return { ...said, verdict: 'allowed' };
  const isSurelyRefused = sure.length > 0 && answers.every(({ answer }) => answer === false);
  return { ...said, verdict: isSurelyRefused ? 'refused' : 'unknown' };
}

/** Whether a policy that selects a pod, of which nothing else is known, allows it. */
function policyAllows(
  tracker: JudgedCluster,
  policy: Policy,
  namespace: string,
  other: PastEnd,
  direction: Direction,
  attempt: Known,
): Answer {
  const nobody: Pod = { id: '', namespace, name: '', labels: {}, addresses: [], ports: [], claim: '' };
  const gate = gateOf(nobody, direction, [{ ...policy, podSelector: [] }]);
  const answers = (gate?.grants ?? []).map((grant) => allows(tracker, grant, other, attempt));
  // its own ports had names that are not known
  const isNamedRule = policy[direction]?.some(({ ports }) => ports?.some(isNamed));
  if (direction === 'ingress' && isNamedRule) answers.push(undefined);
  return any(answers);
}

function allows(tracker: JudgedCluster, grant: Grant, other: PastEnd, { protocol, port }: Known): Answer {
  const { peers, spans, named } = grant;
  const isPortOpen =
    !spans || spans.some((span) => span.protocol === protocol && span.first <= port && port <= span.last);
  const isAmong = isPortOpen && (!peers || any(peers.map((peer) => isOneOf(tracker, peer, other))));
  const byName = named
    .filter((one) => one.port.protocol === protocol)
    .map((one) => isNamedPort(tracker, one.peer, one.port.name, other, { protocol, port }));
  return any([isAmong, ...byName]);
}

function isNamedPort(
  tracker: JudgedCluster,
  peer: PodPeer,
  name: string,
  other: PastEnd,
  { protocol, port }: { readonly protocol: Protocol; readonly port: number },
): Answer {
  const is = isOneOf(tracker, peer, other);
  if (!is || other.kind !== 'address') return is === false ? false : undefined;
  const pods = tracker.podsAt(other.address);
  return pods.some((pod) =>
    pod.ports.some((one) => one.name === name && one.protocol === protocol && one.port === port),
  );
}

function isOneOf(tracker: JudgedCluster, peer: Peer, other: PastEnd): Answer {
  if (peer.kind === 'pods') {
    if (other.kind === 'range') return false;
    if (other.kind === 'gone') return isGonePeer(tracker, peer, other);
    return tracker.podsAt(other.address).some((pod) => isPeer(peer, pod, tracker.namespaceLabels(pod.namespace)));
  }
  return any(peer.ranges.map(cleanRange).map((range) => range !== undefined && isInRange(range, other)));
}

function isGonePeer(tracker: JudgedCluster, peer: PodPeer, { namespace, labels }: Gone): Answer {
  const { scope, pods } = peer;
  if (namespace === undefined) return undefined;
  if ('namespace' in scope && scope.namespace !== namespace) return false;
  if ('namespaces' in scope) {
    const known = tracker.namespaceLabels(namespace);
    if (!known) return undefined;
    if (!selects(scope.namespaces, known)) return false;
  }
  if (labels) return selects(pods, labels);
  return pods.length === 0 ? true : undefined;
}

function isInRange(range: AddressRange, other: PastEnd): Answer {
  if (other.kind !== 'range') return other.address === undefined ? undefined : rangeHolds(range, other.address);
  const wanted = cleanRange(other.range);
  if (!wanted || wanted.family !== range.family) return false;
  if (wanted.bits >= range.bits) return rangeHolds(range, wanted.address);
  return rangeHolds(wanted, range.address) ? undefined : false;
}

function any(answers: readonly Answer[]): Answer {
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

function verdictOf(answers: readonly Answer[]): PastOpinion['verdict'] {
  const answer = any(answers);
  return answer === undefined ? 'unknown' : answer ? 'allowed' : 'refused';
}
