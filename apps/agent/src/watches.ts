import type { IsolationTracker, KubeNetworkPolicy, PolicyPod } from '@kubecity/isolation';
import { isKubeError, type KubeClient, type Resource, resources, watchResource } from '@kubecity/kube';
import type {
  KubeEndpointSlice,
  KubeNode,
  KubeRoutingOverride,
  KubeService,
  ObjectMeta,
  RoutingTracker,
} from '@kubecity/routing';
import type { Logger } from 'pino';
import type { DirectoryNews } from './directory.ts';
import type { OverrideObjects } from './override-objects.ts';
import type { TriggerTimes } from './trigger-times.ts';
import {
  nameOf,
  trimLabelledNamespace,
  trimMeta,
  trimNamespace,
  trimNode,
  trimOwnNode,
  trimPod,
  trimPolicyPod,
  trimService,
  trimSlice,
} from './trimming.ts';

export interface WatchTargets {
  readonly tracker: RoutingTracker;
  readonly overrides: Pick<OverrideObjects, 'set' | 'delete'>;
  readonly directory: Omit<DirectoryNews, 'all' | 'setServicePorts'>;
  readonly triggers: Pick<TriggerTimes, 'set' | 'delete'>;
  /** Name of this node. */
  readonly nodeName: string;
  /** Every Node object, this node's too. */
  readonly nodes?: { set(node: KubeNode): void; delete(name: string): void; listed(): void };
  /** The Node object of this node; undefined when it was deleted. */
  readonly ownNode: (node: KubeNode | undefined) => void;
  /** One more change of a Service or EndpointSlice. */
  readonly counted: (kind: 'service' | 'endpointSlice') => void;
  /** Something that routing depends on changed. */
  readonly changed: () => void;
  /** Every list is complete: only now is the absence of an object a fact. */
  readonly synced: () => void;
  readonly apiState: (resource: string, live: boolean) => void;
  /** What is followed to enforce NetworkPolicies; absent: they are not read, and of pods and namespaces only what routing needs. */
  readonly isolation?: IsolationTargets | undefined;
  /** The API server says that we may not read this; `refused` each time it says so. */
  readonly rights: { refused(plural: string, why: string): void; granted(plural: string): void };
}

export interface IsolationTargets {
  readonly tracker: Omit<IsolationTracker, 'take'>;
  /** Something that policies ask for may have changed. */
  changed(): void;
  /** Policies and all that they ask for are listed. */
  listed(): void;
}

/** A cluster that does not know the kind has none of it: Services are routed, and overrides as soon as there are some. */
const OPTIONAL: ReadonlySet<Resource> = new Set([resources.routingOverrides, resources.clusterRoutingOverrides]);
/** Services are routed without these too, as if there were none: what the cluster says of its traffic does not wait for steering. */
const DISPENSABLE: ReadonlySet<Resource> = new Set([...OPTIONAL, resources.namespaces]);
/** Without these nobody can say whom a policy lets in: what was enforced before stays as it was. */
const ASKED_BY_POLICIES: readonly Resource[] = [
  resources.networkPolicies,
  resources.namespaces,
  resources.pods,
  resources.nodes,
];
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
  const policies = targets.isolation;
  const unlisted = new Set(ASKED_BY_POLICIES.map(({ plural }) => plural));
  const listed = (plural: string) => {
    if (unlisted.delete(plural) && unlisted.size === 0) policies?.listed();
  };
  const watch = <T extends { readonly metadata: ObjectMeta }>(
    resource: (typeof resources)[keyof typeof resources],
    on: { set(object: T): void; delete(object: Pick<T, 'metadata'>): void; trim(object: T): T },
    selectors: { labelSelector?: string; fieldSelector?: string } = {},
  ) => {
    // Routing does not wait for what it does not ask.
    if (resource !== resources.networkPolicies) waiting.add(resource.plural);
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
        listed(resource.plural);
        if (resource === resources.nodes) targets.nodes?.listed();
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
    trim: policies ? trimLabelledNamespace : trimNamespace,
    set: routing((namespace) => {
      tracker.setNamespace(namespace);
      policies?.tracker.setNamespace(namespace);
      policies?.changed();
    }),
    delete: routing((namespace) => {
      tracker.deleteNamespace(namespace);
      policies?.tracker.deleteNamespace(namespace);
      policies?.changed();
    }),
  });
  watch<PolicyPod>(resources.pods, {
    trim: policies ? trimPolicyPod : trimPod,
    set: (pod) => {
      directory.setPod(pod);
      tracker.setPod(pod);
      changed();
      policies?.tracker.setPod(pod);
      policies?.changed();
    },
    delete: (pod) => {
      directory.deletePod(pod);
      tracker.deletePod(pod);
      changed();
      policies?.tracker.deletePod(pod);
      policies?.changed();
    },
  });
  if (policies) {
    watch<KubeNetworkPolicy>(resources.networkPolicies, {
      trim: ({ metadata, spec }) => ({ metadata: nameOf(metadata), spec }),
      set: (policy) => {
        policies.tracker.setPolicy(policy);
        policies.changed();
      },
      delete: (policy) => {
        policies.tracker.deletePolicy(policy);
        policies.changed();
      },
    });
  }
  const own = ({ metadata }: KubeNode) => metadata.name === targets.nodeName;
  watch<KubeNode>(resources.nodes, {
    trim: (node) => (own(node) ? trimOwnNode(node) : trimNode(node)),
    set: (node) => {
      directory.setNode(node);
      targets.nodes?.set(node);
      policies?.tracker.setNode(node);
      if (own(node)) targets.ownNode(node);
    },
    delete: (node) => {
      directory.deleteNode(node);
      targets.nodes?.delete(node.metadata.name);
      policies?.tracker.deleteNode(node);
      if (own(node)) targets.ownNode(undefined);
    },
  });
}
