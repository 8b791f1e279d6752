import { isKubeError, type KubeClient, type Resource, resources, watchResource } from '@kubecity/kube';
import type { Logger } from 'pino';
import type { CityModel } from './city-model.ts';
import { type CityObjects, isOverride, OBJECT_KINDS, type ObjectKind } from './city-objects.ts';
import type { HubMetrics } from './metrics.ts';

export interface ClusterWatchOptions {
  readonly client: KubeClient;
  readonly model: CityModel;
  readonly log: Logger;
  readonly metrics: HubMetrics;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Slices of headless Services route nothing and can be many. */
const NOT_HEADLESS = '!service.kubernetes.io/headless';

/** Keeps the model equal to the cluster. `live` while every watch runs; `synced` once every kind was listed. */
export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #live = new Map<ObjectKind, boolean>(OBJECT_KINDS.map((kind) => [kind, false]));
  readonly #unsynced = new Set<ObjectKind>(OBJECT_KINDS);

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    for (const kind of OBJECT_KINDS) this.#watch(kind, resources[kind]);
  }

  get synced(): boolean {
    return this.#unsynced.size === 0;
  }

  get live(): boolean {
    return this.synced && [...this.#live.values()].every(Boolean);
  }

  #read(kind: ObjectKind): void {
    if (this.#unsynced.delete(kind) && this.synced) this.#options.log.info('the cluster is read');
  }

  #watch<K extends ObjectKind>(kind: K, resource: Resource): void {
    const { client, model, log, metrics, now, signal } = this.#options;
    watchResource<CityObjects[K]>(client, {
      resource,
      labelSelector: kind === 'endpointSlices' ? NOT_HEADLESS : undefined,
      keepManagers: isOverride(kind),
      trim: trims[kind] as (object: CityObjects[K]) => CityObjects[K],
      set: (object) => model.setObject(kind, object, this.#unsynced.has(kind) ? birthOf(object, now()) : now()),
      delete: (object) => model.deleteObject(kind, object, now()),
      synced: () => this.#read(kind),
      state: (state, error) => {
        // a cluster that does not know the kind has none of it; were it installed, the watch would find it
        const unknown = kind === 'clusterRoutingOverrides' && error !== undefined && isKubeError(error, 'not-found');
        if (unknown) this.#read(kind);
        this.#live.set(kind, state === 'live' || unknown);
        metrics.apiLive.set({ kind }, state === 'live' || unknown ? 1 : 0);
        model.setApiState(this.live ? 'live' : 'reconnecting');
        if (error && !unknown) log.warn({ kind, state, err: error }, 'watch interrupted');
      },
      signal,
    });
  }
}

/** What was there before us is as old as it says. */
function birthOf({ metadata }: CityObjects[ObjectKind], now: number): number {
  const born = Date.parse(metadata.creationTimestamp ?? '');
  return Number.isNaN(born) ? now : born;
}

const keepAll = <T>(object: T): T => object;

/** Pods are the many and the large: what the map shows of one is a tenth of it. */
const trims: { readonly [K in ObjectKind]: (object: CityObjects[K]) => CityObjects[K] } = {
  namespaces: ({ metadata }) => ({ metadata }),
  nodes: ({ metadata, spec, status }) => ({
    metadata: withoutAnnotations(metadata),
    spec: { podCIDR: spec?.podCIDR },
    status: { addresses: status?.addresses, conditions: status?.conditions?.filter(({ type }) => type === 'Ready') },
  }),
  pods: ({ metadata, spec, status }) => ({
    metadata: withoutAnnotations(metadata),
    spec: { nodeName: spec?.nodeName },
    status: {
      phase: status?.phase,
      podIP: status?.podIP,
      conditions: status?.conditions?.filter(({ type }) => type === 'Ready'),
    },
  }),
  services: keepAll,
  endpointSlices: keepAll,
  // their labels and annotations go back with a replace, their managers say who made them
  routingOverrides: keepAll,
  clusterRoutingOverrides: keepAll,
};

function withoutAnnotations<M extends { annotations?: unknown }>({ annotations: _dropped, ...metadata }: M) {
  return metadata;
}
