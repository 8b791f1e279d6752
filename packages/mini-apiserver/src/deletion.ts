import type { Cluster } from './cluster.ts';
import { notSupported } from './field-error.ts';
import { copy, type KubeObject, numberAt, stringAt } from './object.ts';
import type { Location, ObjectApi } from './object-api.ts';
import { subjectOf } from './resource-type.ts';
import { conflict, forbidden, invalid } from './status.ts';
import { timestamp } from './timestamp.ts';

/** The part of meta/v1 DeleteOptions that this server obeys. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface Deleted {
  readonly object: KubeObject;
  /** False while a kubelet, a finalizer or a namespace's content keeps the object. */
  readonly gone: boolean;
}

const PERMANENT_NAMESPACES = new Set(['default', 'kube-system']);

/** Deletes objects: at once, or by marking those that somebody has to end. */
export class Deletion {
  readonly #cluster: Cluster;
  readonly #api: ObjectApi;

  constructor(cluster: Cluster, api: ObjectApi) {
    this.#cluster = cluster;
    this.#api = api;
  }

  /** @throws ApiError NotFound, Conflict (preconditions), Forbidden, Invalid (propagationPolicy) */
  delete(location: Location, options: DeleteOptions): Deleted {
    const { type, namespace, name } = location;
    const object = this.#api.get(location);
    this.#check(location, object, options);
    if (options.dryRun) return { object, gone: true };
    const seconds = gracePeriod(object, options);
    const isNamespace = type.key === '/namespaces';
    const kept = (object.metadata.finalizers ?? []).length > 0 || seconds > 0 || isNamespace;
    if (options.propagationPolicy === 'Orphan') this.#orphan(object);
    if (!kept) return { object: this.#cluster.store.remove(type.key, namespace, name) ?? object, gone: true };
    return { object: this.#mark(location, object, seconds), gone: false };
  }

  #check({ type, name }: Location, object: KubeObject, { preconditions, propagationPolicy }: DeleteOptions): void {
    for (const field of ['uid', 'resourceVersion'] as const) {
      const wanted = preconditions?.[field];
      if (wanted !== undefined && wanted !== object.metadata[field]) {
        const shown = field === 'uid' ? 'UID' : 'ResourceVersion';
        const why = `Precondition failed: ${shown} in precondition: ${wanted}, ${shown} in object meta: ${object.metadata[field]}`;
        throw conflict(subjectOf(type, name), why);
      }
    }
    if (type.key === '/namespaces' && PERMANENT_NAMESPACES.has(name)) {
      throw forbidden(subjectOf(type, name), 'this namespace may not be deleted');
    }
    if (propagationPolicy !== undefined && propagationPolicy !== 'Background' && propagationPolicy !== 'Orphan') {
      throw invalid({ group: '', kind: 'DeleteOptions' }, [
        notSupported('propagationPolicy', propagationPolicy, ['Background', 'Orphan']),
      ]);
    }
  }

  #mark({ type }: Location, object: KubeObject, seconds: number): KubeObject {
    const { metadata } = object;
    // A second deletion may only shorten the time that the first one gave.
    if (metadata.deletionTimestamp !== undefined && seconds >= (metadata.deletionGracePeriodSeconds ?? 0))
      return object;
    const marked = copy(object);
    marked.metadata.deletionTimestamp = timestamp(this.#cluster.now() + seconds * 1000);
    marked.metadata.deletionGracePeriodSeconds = seconds;
    if (type.generation) marked.metadata.generation = (metadata.generation ?? 0) + 1;
    if (type.key === '/namespaces') marked.status = { phase: 'Terminating' };
    return this.#cluster.store.put(type.key, marked);
  }

  /** Lets the dependents live: they no longer name this owner. */
  #orphan(owner: KubeObject): void {
    for (const { key } of this.#cluster.types.all()) {
      const dependents = [...this.#cluster.store.values(key)].filter(({ metadata }) =>
        metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid),
      );
      for (const dependent of dependents) {
        const freed = copy(dependent);
        freed.metadata.ownerReferences = dependent.metadata.ownerReferences?.filter(
          ({ uid }) => uid !== owner.metadata.uid,
        );
        this.#cluster.store.put(key, freed);
      }
    }
  }
}

/** Seconds that a kubelet has to end a pod; nothing else has a grace period, nor a pod that no node runs. */
function gracePeriod(object: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  if (object.kind !== 'Pod') return 0;
  const phase = stringAt(object, 'status', 'phase');
  if (!stringAt(object, 'spec', 'nodeName') || phase === 'Succeeded' || phase === 'Failed') return 0;
  return gracePeriodSeconds ?? numberAt(object, 'spec', 'terminationGracePeriodSeconds') ?? 30;
}
