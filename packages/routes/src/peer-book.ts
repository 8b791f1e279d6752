import type { Address, KubeNode } from '@kubecity/routing';
import { type Clash, findClashes, type MacOf, type Standing, standsToo } from './clashes.ts';
import { claimsOf, type NodeClaims } from './node-claims.ts';
import { ownNode, type Peer, type Peers, peersOfNode, type RefusedPeer } from './peers.ts';
import { macMayBeShared, tunnelMac } from './tunnel-mac.ts';

/**
 * Who the other nodes are and where their pods are. Of claims that overlap (a range and another range, or a range and the
 * address of a node) this node's come first, then those of the node that was created first; the other is refused, naming
 * both. So are addresses whose tunnels would have one MAC address.
 * @param vxlanId absent: there are no tunnels
 */
export function peersOf(nodes: Iterable<KubeNode>, self: string, vxlanId?: number): Peers {
  const book = new PeerBook(self, vxlanId);
  for (const node of nodes) book.set(node);
  return book.peers();
}

const NO_CLASHES: ReadonlyMap<unknown, Clash> = new Map();

/**
 * The same while nodes come, change and go. As long as no claims clash, who was there first decides nothing, and one node's
 * claims are all that is looked at when it changes.
 */
export class PeerBook {
  readonly #self: string;
  /** By name. */
  readonly #nodes: NodeClaims[] = [];
  /** All claims of them; undefined when that is not known, or some clash. */
  #standing: Standing | undefined;
  readonly #macOf: MacOf;

  /** @param vxlanId absent: there are no tunnels */
  constructor(self: string, vxlanId?: number) {
    this.#self = self;
    this.#macOf = vxlanId === undefined ? () => undefined : sharedMacs(vxlanId);
  }

  set(node: KubeNode): void {
    const claims = claimsOf(node);
    const at = this.#placeOf(claims.node);
    const before = this.#at(at, claims.node);
    if (before === claims) return;
    this.#nodes.splice(at, before ? 1 : 0, claims);
    if (before) this.#leave(before);
    // Another may have claimed what is this node's own.
    const isSelf = claims.node === this.#self;
    if (this.#standing && (isSelf || !standsToo(claims, this.#own(), this.#standing))) this.#standing = undefined;
  }

  delete(name: string): void {
    const at = this.#placeOf(name);
    const before = this.#at(at, name);
    if (!before) return;
    this.#nodes.splice(at, 1);
    this.#leave(before);
  }

  peers(): Peers {
    const self = this.#own();
    const clashes = this.#clashes(self);
    const peers: Peer[] = [];
    const others = {
      refused: [] as RefusedPeer[],
      waiting: [] as string[],
      problems: [] as Peers['problems'][number][],
    };
    for (const claims of this.#nodes) {
      const found = peersOfNode(claims, clashes);
      if (found.problems.length > 0) others.problems.push(...found.problems);
      if (claims === self) continue;
      for (const peer of found.peers) peers.push(peer);
      if (found.refused.length > 0) others.refused.push(...found.refused);
      if (found.waiting.length > 0) others.waiting.push(...found.waiting);
    }
    return { own: self && ownNode(self, clashes), peers, ...others };
  }

  #leave(claims: NodeClaims): void {
    for (const held of claims.all) this.#standing?.remove(held);
  }

  #clashes(own: NodeClaims | undefined): ReadonlyMap<unknown, Clash> {
    if (this.#standing) return NO_CLASHES;
    const rank = ({ node }: NodeClaims) => (node === this.#self ? 0 : 1);
    const bySeniority = this.#nodes.toSorted(
      (a, b) => rank(a) - rank(b) || compare(a.since, b.since) || compare(a.node, b.node),
    );
    const { refused, standing } = findClashes(bySeniority, own, this.#macOf);
    if (refused.size === 0) this.#standing = standing;
    return refused;
  }

  #own(): NodeClaims | undefined {
    return this.#at(this.#placeOf(this.#self), this.#self);
  }

  #at(place: number, name: string): NodeClaims | undefined {
    const found = this.#nodes[place];
    return found?.node === name ? found : undefined;
  }

  /** Where it is, or would be. */
  #placeOf(name: string): number {
    let [from, to] = [0, this.#nodes.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#nodes[middle] as NodeClaims).node < name) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** Each is worked out once. */
function sharedMacs(vxlanId: number): MacOf {
  const known = new WeakMap<Address, string>();
  return (address) => {
    if (!macMayBeShared(address)) return undefined;
    const mac = known.get(address) ?? tunnelMac(vxlanId, address.text);
    known.set(address, mac);
    return mac;
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
