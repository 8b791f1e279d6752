import { type KubeClient, resources, watchResource } from '@kubecity/kube';
import type {
  KubeEndpointSlice,
  KubeNode,
  KubePod,
  KubeRoutingOverride,
  KubeService,
  ObjectMeta,
  RoutingTracker,
} from '@kubecity/routing';
import type { Logger } from 'pino';
import type { Directory } from './directory.ts';

export interface WatchTargets {
  readonly tracker: RoutingTracker;
  readonly directory: Directory;
  /** Something that routing depends on changed. */
  readonly changed: () => void;
  /** Every list is complete: only now is the absence of an object a fact. */
  readonly synced: () => void;
  readonly apiState: (resource: string, live: boolean) => void;
}

/**
 * Keeps tracker and directory equal to the API. Pods are watched cluster-wide: an override may select by the label of any
 * pod, and a connection may enter here from any pod.
 */
export function watchCluster(client: KubeClient, targets: WatchTargets, log: Logger, signal: AbortSignal): void {
  const { tracker, directory, changed } = targets;
  const waiting = new Set<string>();
  const watch = <T extends { readonly metadata: ObjectMeta }>(
    resource: (typeof resources)[keyof typeof resources],
    on: { set(object: T): void; delete(object: T): void; trim(object: T): T },
    selectors: { labelSelector?: string; fieldSelector?: string } = {},
  ) => {
    waiting.add(resource.plural);
    watchResource<T>(client, {
      resource,
      ...selectors,
      ...on,
      signal,
      synced: () => {
        log.info({ resource: resource.plural }, 'list complete');
        waiting.delete(resource.plural);
        if (waiting.size === 0) targets.synced();
      },
      state: (state, error) => {
        targets.apiState(resource.plural, state === 'live');
        if (error) log.warn({ resource: resource.plural, state, reason: error.message }, 'watch interrupted');
      },
    });
  };
  const routing =
    <T>(act: (object: T) => void) =>
    (object: T) => {
      act(object);
      changed();
    };

  watch<KubeService>(
    resources.services,
    {
      trim: ({ metadata, spec }) => ({ metadata: trimMeta(metadata), ...(spec && { spec }) }),
      set: routing((service) => tracker.setService(service)),
      delete: routing((service) => tracker.deleteService(service)),
    },
    { labelSelector: '!service.kubernetes.io/service-proxy-name' },
  );
  watch<KubeEndpointSlice>(
    resources.endpointSlices,
    {
      trim: (slice) => ({ ...slice, metadata: trimMeta(slice.metadata) }),
      set: routing((slice) => tracker.setEndpointSlice(slice)),
      delete: routing((slice) => tracker.deleteEndpointSlice(slice)),
    },
    { labelSelector: '!service.kubernetes.io/headless' },
  );
  watch<KubeRoutingOverride>(resources.routingOverrides, {
    // The status is ours and the hub's: a change of it alone must not wake the sync.
    trim: ({ metadata, spec }) => ({ metadata: trimMeta(metadata), spec }),
    set: routing((override) => tracker.setOverride(override)),
    delete: routing((override) => tracker.deleteOverride(override)),
  });
  watch<KubePod>(resources.pods, {
    trim: trimPod,
    set: (pod) => {
      directory.setPod(pod);
      tracker.setPod(pod);
      changed();
    },
    delete: (pod) => {
      directory.deletePod(pod);
      tracker.deletePod(pod);
      changed();
    },
  });
  watch<KubeNode>(resources.nodes, {
    trim: ({ metadata, status }) => ({
      metadata: trimMeta(metadata),
      ...(status?.addresses && { status: { addresses: status.addresses } }),
    }),
    set: (node) => directory.setNode(node),
    delete: (node) => directory.deleteNode(node),
  });
}

function trimMeta(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, labels } = metadata;
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(generation !== undefined && { generation }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(labels !== undefined && { labels }),
  };
}

function trimPod({ metadata, spec, status }: KubePod): KubePod {
  return {
    metadata: trimMeta(metadata),
    spec: {
      ...(spec?.nodeName !== undefined && { nodeName: spec.nodeName }),
      ...(spec?.hostNetwork !== undefined && { hostNetwork: spec.hostNetwork }),
    },
    status: {
      ...(status?.phase !== undefined && { phase: status.phase }),
      ...(status?.podIP !== undefined && { podIP: status.podIP }),
    },
  };
}
