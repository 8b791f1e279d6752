import { isKubeError, type KubeClient, type Resource, resources } from '@kubecity/kube';
import type { ObjectMeta } from '@kubecity/routing';
import type { Disguise } from './disguise.ts';

const KINDS = [
  ['namespace', resources.namespaces],
  ['node', resources.nodes],
  ['service', resources.services],
  ['pod', resources.pods],
  ['override', resources.routingOverrides],
  ['override', resources.clusterRoutingOverrides],
] as const satisfies [Parameters<Disguise['learn']>[0], Resource][];

/** Learns every name in the cluster that this identity may see; what it may not see cannot get into the bundle by its hand. */
export async function learnCluster(disguise: Disguise, client: KubeClient): Promise<void> {
  for (const [kind, resource] of KINDS) {
    try {
      for await (const { items } of client.pages<{ metadata: ObjectMeta }>(resource)) {
        disguise.learn(
          kind,
          items.flatMap(({ metadata: { name, uid } }) => [name, uid]),
        );
      }
    } catch (error) {
      if (!isKubeError(error, 'forbidden') && !isKubeError(error, 'not-found')) throw error;
    }
  }
}
