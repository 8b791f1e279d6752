import type { Pod } from './pod.ts';
import {
  ALL_PODS,
  type Direction,
  isNamed,
  type NamedPort,
  type Peer,
  type PodPeer,
  type Policy,
  type PortSpan,
  type Rule,
} from './policy.ts';
import { selects } from './selector.ts';

/** What a pod that policies isolate in one direction may do: what any of the grants allows, and nothing else. */
export interface Gate {
  /** The same for pods whose gates are the same as long as no policy changes its rules. */
  readonly key: string;
  /** Ids of the policies that isolate the pod, sorted. */
  readonly policies: readonly string[];
  readonly grants: readonly Grant[];
}

/** What one rule of one policy allows one pod: peers AND spans, or one of the named ports at a pod that has it. */
export interface Grant {
  readonly policy: string;
  /** Place of the rule in its list. */
  readonly rule: number;
  /** Absent: everybody. */
  readonly peers?: readonly Peer[];
  /** Absent: all ports of all protocols. Those of a named port too, where it is the pod's own. */
  readonly spans?: readonly PortSpan[];
  /** Ports that the peers name, each its own number; egress only. */
  readonly named: readonly PeerPort[];
}

export interface PeerPort {
  readonly peer: PodPeer;
  readonly port: NamedPort;
}

/** @returns undefined where no policy isolates the pod in that direction: it is open */
export function gateOf(pod: Pod, direction: Direction, policies: Iterable<Policy>): Gate | undefined {
  const closing: Policy[] = [];
  for (const policy of policies) {
    if (policy[direction] && selects(policy.podSelector, pod.labels)) closing.push(policy);
  }
  if (closing.length === 0) return undefined;
  closing.sort((a, b) => (a.id < b.id ? -1 : 1));
  const names = new Set<string>();
  const grants: Grant[] = [];
  for (const policy of closing) {
    for (const rule of policy[direction] ?? []) {
      const grant = grantOf(pod, direction, policy, rule, names);
      if (grant) grants.push(grant);
    }
  }
  return {
    key: [direction, ...closing.map(({ id }) => id), ...names].join(' '),
    policies: closing.map(({ id }) => id),
    grants,
  };
}

/** @param names gets how the pod's own ports with names were read, since other pods may read them otherwise */
function grantOf(pod: Pod, direction: Direction, policy: Policy, rule: Rule, names: Set<string>): Grant | undefined {
  const { peers, ports } = rule;
  if (peers?.length === 0) return undefined;
  const source = { policy: policy.id, rule: rule.index, ...(peers && { peers }) };
  if (!ports) return { ...source, named: [] };
  const spans: PortSpan[] = [];
  const named: PeerPort[] = [];
  for (const port of ports) {
    if (!isNamed(port)) spans.push(port);
    else if (direction === 'ingress') {
      const numbers = numbersOf(pod.ports, port);
      names.add(`${port.protocol}:${port.name}=${numbers.join(',')}`);
      for (const number of numbers) spans.push({ protocol: port.protocol, first: number, last: number });
    } else for (const peer of peers ?? [ALL_PODS]) if (peer.kind === 'pods') named.push({ peer, port });
  }
  // A name that nobody has opens nothing; without this line it would open everything.
  return spans.length + named.length > 0 ? { ...source, spans, named } : undefined;
}

/** A pod's numbers for the name of a port, sorted. */
export function numbersOf(ports: Pod['ports'], { protocol, name }: NamedPort): number[] {
  const numbers = ports.filter((port) => port.name === name && port.protocol === protocol).map(({ port }) => port);
  return numbers.length < 2 ? numbers : [...new Set(numbers)].sort((a, b) => a - b);
}
