import { isKubeError, type KubeClient, type Resource, resources } from '@kubecity/kube';
import type { KubeEndpointSlice, KubePod, KubeRoutingOverride, KubeService, ObjectMeta } from '@kubecity/routing';
import type { SteerCity } from '@kubecity/steering';

export interface ReadCity extends SteerCity {
  readonly services: readonly KubeService[];
  readonly endpointSlices: readonly KubeEndpointSlice[];
  readonly pods: readonly KubePod[];
  readonly namespaces: readonly { readonly metadata: ObjectMeta }[];
  readonly overrides: readonly KubeRoutingOverride[];
  /** What this identity may not see, in words: what is decided without it may be wrong. */
  readonly unseen: readonly string[];
}

/**
 * Reads what decides about Services of a namespace (undefined: of the cluster), at this moment. Pods, of which there are
 * many, only where somebody asks for labels.
 */
export async function readCity(
  client: KubeClient,
  namespace: string | undefined,
  { now, labels = false }: { readonly now: number; readonly labels?: boolean },
): Promise<ReadCity> {
  const unseen: string[] = [];
  const list = async <T>(resource: Resource): Promise<T[]> =>
    (await client.list<T>(resource, { namespace: resource.namespaced ? namespace : undefined })).items;
  const listOrMiss = async <T>(resource: Resource, without: string): Promise<T[]> => {
    try {
      return await list<T>(resource);
    } catch (error) {
      // the second CRD may not be installed
      if (isKubeError(error, 'not-found')) return [];
      if (!isKubeError(error, 'forbidden')) throw error;
      unseen.push(`You may not list ${resource.plural}: ${without}.`);
      return [];
    }
  };
  const [services, endpointSlices, own, ofCluster, namespaces] = await Promise.all([
    list<KubeService>(resources.services),
    list<KubeEndpointSlice>(resources.endpointSlices),
    list<KubeRoutingOverride>(resources.routingOverrides).catch(explainMissingCrd),
    listOrMiss<KubeRoutingOverride>(resources.clusterRoutingOverrides, 'one of the whole cluster may act here unseen'),
    namespace === undefined
      ? listOrMiss<{ metadata: ObjectMeta }>(resources.namespaces, 'floors of namespaces are not known')
      : oneNamespace(client, namespace, unseen),
  ]);
  const overrides = [...own, ...ofCluster];
  const pods = labels || overrides.some(hasSelector) ? await list<KubePod>(resources.pods) : [];
  return { services, endpointSlices, pods, namespaces, overrides, now, unseen };
}

async function oneNamespace(client: KubeClient, name: string, unseen: string[]): Promise<{ metadata: ObjectMeta }[]> {
  try {
    return [await client.get<{ metadata: ObjectMeta }>(resources.namespaces, { name })];
  } catch (error) {
    if (isKubeError(error, 'not-found')) return [];
    if (!isKubeError(error, 'forbidden')) throw error;
    unseen.push(`You may not see namespace ${name}: its floor is not known.`);
    return [];
  }
}

/** Without the CRD there are no overrides; whoever writes one hears so from the API. */
function explainMissingCrd(error: unknown): KubeRoutingOverride[] {
  if (isKubeError(error, 'not-found')) return [];
  throw error;
}

const hasSelector = ({ spec }: KubeRoutingOverride): boolean =>
  (spec as { backends?: { selector?: unknown } } | undefined)?.backends?.selector !== undefined;
