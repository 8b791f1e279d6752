import { isKubeError, type KubeClient, type Resource, resources, watchResource } from '@kubecity/kube';
import {
  FLOOR_ANNOTATION,
  type KubeEndpointSlice,
  type KubeNode,
  type KubePod,
  type KubeRoutingOverride,
  type KubeService,
  type ObjectMeta,
  type RoutingTracker,
} from '@kubecity/routing';
import type { Logger } from 'pino';
import type { DirectoryNews } from './directory.ts';
import type { OverrideObjects } from './override-objects.ts';
import { TRIGGER_TIME, type TriggerTimes } from './trigger-times.ts';

export interface WatchTargets {
  readonly tracker: RoutingTracker;
  readonly overrides: Pick<OverrideObjects, 'set' | 'delete'>;
  readonly directory: Omit<DirectoryNews, 'all' | 'setServicePorts'>;
  readonly triggers: Pick<TriggerTimes, 'set' | 'delete'>;
  /** Name of this node. */
  readonly nodeName: string;
  /** The Node object of this node; undefined when it was deleted. */
  readonly ownNode: (node: KubeNode | undefined) => void;
  /** One more change of a Service or EndpointSlice. */
  readonly counted: (kind: 'service' | 'endpointSlice') => void;
  /** Something that routing depends on changed. */
  readonly changed: () => void;
  /** Every list is complete: only now is the absence of an object a fact. */
  readonly synced: () => void;
  readonly apiState: (resource: string, live: boolean) => void;
  /** The API server says that we may not read this; `refused` each time it says so. */
  readonly rights: { refused(plural: string, why: string): void; granted(plural: string): void };
}

/** A cluster that does not know the kind has none of it: Services are routed, and overrides as soon as there are some. */
const OPTIONAL: ReadonlySet<Resource> = new Set([resources.routingOverrides, resources.clusterRoutingOverrides]);
/** Services are routed without these too, as if there were none: what the cluster says of its traffic does not wait for steering. */
const DISPENSABLE: ReadonlySet<Resource> = new Set([...OPTIONAL, resources.namespaces]);
/**
 * Refusals in a row before it is begun without: roles that are installed together with the agents take a moment to count,
 * and an agent that comes back must not let go of a drain for that moment. With the pauses between them about six seconds.
 */
const REFUSALS = 6;

/**
 * Keeps tracker and directory equal to the API. Pods are watched cluster-wide: an override may select by the label of any
 * pod, and a connection may enter here from any pod.
 */
export function watchCluster(client: KubeClient, targets: WatchTargets, log: Logger, signal: AbortSignal): void {
  const { tracker, overrides, directory, triggers, changed, counted } = targets;
  const waiting = new Set<string>();
  const complete = (plural: string) => {
    if (waiting.delete(plural) && waiting.size === 0) targets.synced();
  };
  const watch = <T extends { readonly metadata: ObjectMeta }>(
    resource: (typeof resources)[keyof typeof resources],
    on: { set(object: T): void; delete(object: Pick<T, 'metadata'>): void; trim(object: T): T },
    selectors: { labelSelector?: string; fieldSelector?: string } = {},
  ) => {
    waiting.add(resource.plural);
    let refusals = 0;
    watchResource<T>(client, {
      resource,
      ...selectors,
      ...on,
      // Who goes is known by name to everybody here; a second copy of a large cluster would be half of our memory.
      hold: ({ metadata }) => ({ metadata: nameOf(metadata) }) as T,
      signal,
      synced: () => {
        log.info({ resource: resource.plural }, 'list complete');
        complete(resource.plural);
      },
      state: (state, error) => {
        targets.apiState(resource.plural, state === 'live');
        if (OPTIONAL.has(resource) && isKubeError(error, 'not-found')) complete(resource.plural);
        if (isKubeError(error, 'forbidden')) {
          targets.rights.refused(resource.plural, error.message);
          refusals += 1;
          if (refusals >= REFUSALS && DISPENSABLE.has(resource)) complete(resource.plural);
        } else if (state === 'live') {
          targets.rights.granted(resource.plural);
          refusals = 0;
        }
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
      trim: trimService,
      set: routing((service) => {
        tracker.setService(service);
        counted('service');
      }),
      delete: routing((service) => {
        tracker.deleteService(service);
        counted('service');
      }),
    },
    { labelSelector: '!service.kubernetes.io/service-proxy-name' },
  );
  watch<KubeEndpointSlice>(
    resources.endpointSlices,
    {
      trim: trimSlice,
      set: routing((slice) => {
        tracker.setEndpointSlice(slice);
        triggers.set(slice);
        counted('endpointSlice');
      }),
      delete: routing((slice) => {
        tracker.deleteEndpointSlice(slice);
        triggers.delete(slice);
        counted('endpointSlice');
      }),
    },
    { labelSelector: '!service.kubernetes.io/headless' },
  );
  for (const resource of OPTIONAL) {
    watch<KubeRoutingOverride>(resource, {
      // The status is ours and the hub's: a change of it alone must not wake the sync.
      trim: ({ metadata, spec }) => ({ metadata: trimMeta(metadata), spec }),
      set: routing((override) => overrides.set(override)),
      delete: routing((override) => overrides.delete(override)),
    });
  }
  watch<{ readonly metadata: ObjectMeta }>(resources.namespaces, {
    trim: ({ metadata }) => ({ metadata: withFloor(metadata, nameOf(metadata)) }),
    set: routing((namespace) => tracker.setNamespace(namespace)),
    delete: routing((namespace) => tracker.deleteNamespace(namespace)),
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
  const own = ({ metadata }: KubeNode) => metadata.name === targets.nodeName;
  watch<KubeNode>(resources.nodes, {
    trim: (node) => (own(node) ? trimOwnNode(node) : trimNode(node)),
    set: (node) => {
      directory.setNode(node);
      if (own(node)) targets.ownNode(node);
    },
    delete: (node) => {
      directory.deleteNode(node);
      if (own(node)) targets.ownNode(undefined);
    },
  });
}

function trimService({ metadata, spec, status }: KubeService): KubeService {
  return {
    metadata: withFloor(metadata, trimMeta(metadata)),
    ...(spec && { spec }),
    ...(status?.loadBalancer && { status: { loadBalancer: status.loadBalancer } }),
  };
}

function trimSlice(slice: KubeEndpointSlice): KubeEndpointSlice {
  const at = slice.metadata.annotations?.[TRIGGER_TIME];
  const metadata = trimMeta(slice.metadata);
  return { ...slice, metadata: at === undefined ? metadata : { ...metadata, annotations: { [TRIGGER_TIME]: at } } };
}

function trimNode({ metadata, status }: KubeNode): KubeNode {
  return { metadata: trimMeta(metadata), ...(status?.addresses && { status: { addresses: status.addresses } }) };
}

/** Routing and health read more of the own Node: its pod ranges, and whether it is about to leave. */
function trimOwnNode({ metadata, spec, status }: KubeNode): KubeNode {
  const { deletionTimestamp } = metadata;
  return {
    metadata: { ...trimMeta(metadata), ...(deletionTimestamp !== undefined && { deletionTimestamp }) },
    ...(spec && { spec }),
    ...(status?.addresses && { status: { addresses: status.addresses } }),
  };
}

/** How many backends overrides must leave: all that is read of annotations. */
function withFloor({ annotations }: ObjectMeta, trimmed: ObjectMeta): ObjectMeta {
  const floor = annotations?.[FLOOR_ANNOTATION];
  return floor === undefined ? trimmed : { ...trimmed, annotations: { [FLOOR_ANNOTATION]: floor } };
}

function nameOf({ name, namespace, uid, resourceVersion }: ObjectMeta): ObjectMeta {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}

function trimMeta(metadata: ObjectMeta): ObjectMeta {
  const { generation, creationTimestamp, labels } = metadata;
  return {
    ...nameOf(metadata),
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
      ...(status?.podIPs !== undefined && { podIPs: status.podIPs }),
    },
  };
}
