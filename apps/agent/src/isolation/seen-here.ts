import type { IsolationTracker, JudgedCluster } from '@kubecity/isolation';

/**
 * The cluster as the rules of this node meet it: what a pod and its node send each other passes them by whatever address of
 * the node is used, and its Node object does not name those of bridges and of local name servers.
 * @param addresses of the node, canonical texts
 */
export function seenHere(tracker: IsolationTracker, nodeName: string, addresses: Iterable<string>): JudgedCluster {
  const own = new Set(addresses);
  return {
    podsAt: (address) => tracker.podsAt(address),
    gateOf: (pod, direction) => tracker.gateOf(pod, direction),
    namespaceLabels: (name) => tracker.namespaceLabels(name),
    policiesIn: (namespace) => tracker.policiesIn(namespace),
    isAddressOfNode: (address, node) =>
      (node === nodeName && own.has(address)) || tracker.isAddressOfNode(address, node),
  };
}
