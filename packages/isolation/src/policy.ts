import type { Family, Protocol } from '@kubecity/routing';
import type { BlockPeer } from './block.ts';
import { type Labels, type Selector, selectorText, selects } from './selector.ts';

export type Direction = 'ingress' | 'egress';
export const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];

/** A NetworkPolicy as it is enforced: defaults filled in, faults taken out. */
export interface Policy {
  /** `namespace/name` */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly podSelector: Selector;
  /** Absent: the policy does not isolate that direction. Empty: it does, and allows nothing. */
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

/** Allowed is who is among the peers AND comes to one of the ports. */
export interface Rule {
  /** Its place in the object's list. */
  readonly index: number;
  /** Absent: everybody. Empty: nobody (all that were named could not be read). */
  readonly peers?: readonly Peer[];
  /** Absent: all ports of all protocols. Empty: none. */
  readonly ports?: readonly Port[];
}

export type Peer = PodPeer | BlockPeer;

export interface PodPeer {
  readonly kind: 'pods';
  /** Says all that follows, the same for equal peers of any policy: `shop: app=web` or `[team=a]: *`. */
  readonly key: string;
  readonly scope: { readonly namespace: string } | { readonly namespaces: Selector };
  readonly pods: Selector;
}

export type Port = PortSpan | NamedPort;

/** Both ends belong to it. All ports of a protocol are 0 to 65535. */
export interface PortSpan {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
}

export interface NamedPort {
  readonly protocol: Protocol;
  readonly name: string;
}

export function podPeer(scope: PodPeer['scope'], pods: Selector): PodPeer {
  const where = 'namespace' in scope ? scope.namespace : `[${selectorText(scope.namespaces)}]`;
  return { kind: 'pods', key: `${where}: ${selectorText(pods)}`, scope, pods };
}

/** Every pod of every namespace, where a rule names no peer. */
export const ALL_PODS: PodPeer = podPeer({ namespaces: [] }, []);

/**
 * @param namespaceLabels of the pod's namespace; undefined while it is not known, and then only peers of the policy's own
 * namespace can match: a NotIn must not hold for labels that nobody has seen
 */
export function isPeer(
  peer: PodPeer,
  pod: { readonly namespace: string; readonly labels: Labels },
  namespaceLabels: Labels | undefined,
): boolean {
  const { scope } = peer;
  const inScope =
    'namespace' in scope
      ? scope.namespace === pod.namespace
      : namespaceLabels !== undefined && selects(scope.namespaces, namespaceLabels);
  return inScope && selects(peer.pods, pod.labels);
}

export function isNamed(port: Port): port is NamedPort {
  return 'name' in port;
}

/** The range that stands for every address of a family. */
export const EVERYWHERE: Readonly<Record<Family, string>> = { IPv4: '0.0.0.0/0', IPv6: '::/0' };
