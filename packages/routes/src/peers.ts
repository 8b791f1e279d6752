import type { AddressRange, Family, Problem } from '@kubecity/routing';
import type { Clash } from './clashes.ts';
import type { Claim, NodeClaims } from './node-claims.ts';

/** One pod range of one other node. */
export interface Peer {
  readonly node: string;
  readonly range: AddressRange;
  /** The bits that the range fixes, most significant first, as `0` and `1`. */
  readonly prefix: string;
  /** Where the node is: its InternalIP of the range's family, canonical. */
  readonly address: string;
}

/** A range that gets no route, and why. */
export interface RefusedPeer {
  readonly node: string;
  readonly range: AddressRange;
  readonly why: string;
  /** Name of the node whose claim stands against it; absent: nobody's does. */
  readonly rival?: string;
}

export interface OwnNode {
  readonly node: string;
  /** Where its pods are; empty until it was given one. */
  readonly ranges: readonly AddressRange[];
  readonly addresses: ReadonlyMap<Family, string>;
}

export interface Peers {
  /** Undefined while there is no Node object of that name: nothing can be decided then, so leave all as it is. */
  readonly own: OwnNode | undefined;
  /** These and all below by name of the node. */
  readonly peers: readonly Peer[];
  readonly refused: readonly RefusedPeer[];
  /** Other nodes that were not given a range yet. */
  readonly waiting: readonly string[];
  readonly problems: readonly Problem[];
}

/** What one other node's claims come to. */
export type NodePeers = Pick<Peers, 'peers' | 'refused' | 'waiting' | 'problems'>;

/** A node is read once while none of its claims clashes. */
const sound = new WeakMap<NodeClaims, NodePeers>();

/** @param clashes which claims are refused, by the very claim object */
export function peersOfNode(claims: NodeClaims, clashes: ReadonlyMap<unknown, Clash>): NodePeers {
  if (clashes.size > 0 && claims.all.some(({ claim }) => clashes.has(claim))) return read(claims, clashes);
  const before = sound.get(claims);
  if (before) return before;
  const peers = read(claims, new Map());
  sound.set(claims, peers);
  return peers;
}

function read(claims: NodeClaims, clashes: ReadonlyMap<unknown, Clash>): NodePeers {
  const { node, ranges } = claims;
  const peers: Peer[] = [];
  const refused: RefusedPeer[] = [];
  const problems: Problem[] = [];
  const report = (field: string, message: string) =>
    problems.push({ kind: 'Node', namespace: '', name: node, field, message });
  for (const { field, message } of claims.faults) report(field, message);
  for (const [i, claim] of ranges.entries()) {
    const range = claim.value;
    const address = claims.addresses.get(range.family);
    const clash = clashes.get(claim) ?? (address && clashes.get(address));
    if (address && clash === undefined) {
      peers.push(peerOf(node, claim, address.value.text));
    } else {
      const why = clash?.why ?? `node ${node} has no InternalIP of ${range.family}`;
      report(clash !== undefined && !clashes.has(claim) ? 'status.addresses' : `spec.podCIDRs[${i}]`, why);
      refused.push({ node, range, why, ...(clash && { rival: clash.rival }) });
    }
  }
  return { peers, refused, problems, waiting: ranges.length === 0 ? [node] : [] };
}

/** The same peer is the same object, so that what is derived from it can be kept with it. */
const known = new WeakMap<Claim<AddressRange>, Peer>();

function peerOf(node: string, claim: Claim<AddressRange>, address: string): Peer {
  const before = known.get(claim);
  if (before) return before;
  const peer = { node, range: claim.value, prefix: claim.prefix, address };
  known.set(claim, peer);
  return peer;
}

/** Without what it cannot have itself. */
export function ownNode(claims: NodeClaims, clashes: ReadonlyMap<unknown, Clash>): OwnNode {
  return {
    node: claims.node,
    ranges: claims.ranges.filter((claim) => !clashes.has(claim)).map(({ value }) => value),
    addresses: new Map([...claims.addresses].map(([family, { value }]) => [family, value.text])),
  };
}
