import { IsolationTracker, type KubeNamespace, type KubeNetworkPolicy, type PolicyPod } from '@kubecity/isolation';
import { isKubeError, type KubeClient, type Resource, resources } from '@kubecity/kube';
import type { KubeNode } from '@kubecity/routing';

/** A pod with whose it is. */
export interface OwnedPod extends PolicyPod {
  readonly metadata: PolicyPod['metadata'] & {
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly controller?: boolean;
    }[];
  };
}

/** What decides about connections, as the API says it now, with the rights of the person who asks. */
export interface PolicyCity {
  readonly tracker: IsolationTracker;
  readonly policies: readonly KubeNetworkPolicy[];
  readonly pods: readonly OwnedPod[];
  readonly nodes: readonly KubeNode[];
  /** What this person may not see, in words: what is said without it may be wrong. */
  readonly unseen: readonly string[];
}

/**
 * Of the whole cluster, or, where somebody may not list that, of the namespaces that are needed.
 * @throws KubeError where these may not be listed either
 */
export async function readPolicyCity(client: KubeClient, needed: readonly string[]): Promise<PolicyCity> {
  const unseen: string[] = [];
  const everywhere = async <T>(resource: Resource): Promise<readonly T[]> => {
    try {
      return (await client.list<T>(resource)).items;
    } catch (error) {
      if (!isKubeError(error, 'forbidden')) throw error;
      unseen.push(`You may list ${resource.plural} of ${needed.join(', ')} only: others count as not there.`);
      return inEach(client, resource, needed);
    }
  };
  const [policies, pods, namespaces, nodes] = await Promise.all([
    everywhere<KubeNetworkPolicy>(resources.networkPolicies),
    everywhere<OwnedPod>(resources.pods),
    readNamespaces(client, needed, unseen),
    readNodes(client, unseen),
  ]);
  return { tracker: trackerOf({ policies, pods, namespaces, nodes }), policies, pods, nodes, unseen };
}

/** Policies and pods of one namespace, or of all: enough to say who selects whom, not who may speak with whom. */
export async function readSelections(
  client: KubeClient,
  namespace: string | undefined,
): Promise<Pick<PolicyCity, 'tracker' | 'policies' | 'pods'>> {
  const list = async <T>(resource: Resource) => (await client.list<T>(resource, { namespace })).items;
  const [policies, pods] = await Promise.all([
    list<KubeNetworkPolicy>(resources.networkPolicies),
    list<OwnedPod>(resources.pods),
  ]);
  return { tracker: trackerOf({ policies, pods, namespaces: [], nodes: [] }), policies, pods };
}

async function inEach<T>(client: KubeClient, resource: Resource, namespaces: readonly string[]): Promise<T[]> {
  const lists = await Promise.all([...new Set(namespaces)].map((namespace) => client.list<T>(resource, { namespace })));
  return lists.flatMap(({ items }) => items);
}

async function readNamespaces(
  client: KubeClient,
  needed: readonly string[],
  unseen: string[],
): Promise<readonly KubeNamespace[]> {
  try {
    return (await client.list<KubeNamespace>(resources.namespaces)).items;
  } catch (error) {
    if (!isKubeError(error, 'forbidden')) throw error;
  }
  const found = await Promise.all(
    [...new Set(needed)].map(async (name) => {
      try {
        return [await client.get<KubeNamespace>(resources.namespaces, { name })];
      } catch (error) {
        if (!isKubeError(error, 'forbidden') && !isKubeError(error, 'not-found')) throw error;
        unseen.push(
          `You may not see namespace ${name}: its labels are not known, so no namespaceSelector selects it here.`,
        );
        return [];
      }
    }),
  );
  return found.flat();
}

async function readNodes(client: KubeClient, unseen: string[]): Promise<readonly KubeNode[]> {
  try {
    return (await client.list<KubeNode>(resources.nodes)).items;
  } catch (error) {
    if (!isKubeError(error, 'forbidden')) throw error;
    unseen.push('You may not list nodes: a pod’s own node, which may always reach it, counts as an outside address.');
    return [];
  }
}

function trackerOf({
  policies,
  pods,
  namespaces,
  nodes,
}: {
  readonly policies: readonly KubeNetworkPolicy[];
  readonly pods: readonly OwnedPod[];
  readonly namespaces: readonly KubeNamespace[];
  readonly nodes: readonly KubeNode[];
}): IsolationTracker {
  const tracker = new IsolationTracker();
  for (const node of nodes) tracker.setNode(node);
  for (const namespace of namespaces) tracker.setNamespace(namespace);
  for (const pod of pods) tracker.setPod(pod);
  for (const policy of policies) tracker.setPolicy(policy);
  return tracker;
}
