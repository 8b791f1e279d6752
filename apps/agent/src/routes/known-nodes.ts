import { PeerBook, type Peers } from '@kubecity/routes';
import { isDeepEqual, type KubeNode } from '@kubecity/routing';

/** The Node objects of the cluster, as far as routes depend on them. */
export class KnownNodes {
  readonly #nodes = new Map<string, KubeNode>();
  readonly #book: PeerBook;

  /** @param vxlanId absent: there are no tunnels */
  constructor(self: string, vxlanId?: number) {
    this.#book = new PeerBook(self, vxlanId);
  }

  /** Returns whether it says something new: most changes of a Node are its heartbeat. */
  set(node: KubeNode): boolean {
    const before = this.#nodes.get(node.metadata.name);
    if (before && isDeepEqual(relevant(before), relevant(node))) return false;
    this.#nodes.set(node.metadata.name, node);
    this.#book.set(node);
    return true;
  }

  delete(name: string): boolean {
    this.#book.delete(name);
    return this.#nodes.delete(name);
  }

  peers(): Peers {
    return this.#book.peers();
  }
}

/** A node that came back under its name may have another of each. */
function relevant({ metadata, spec, status }: KubeNode) {
  return {
    since: metadata.creationTimestamp,
    ranges: spec?.podCIDRs ?? spec?.podCIDR,
    addresses: (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address),
  };
}
