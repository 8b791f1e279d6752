import type { KubeObject } from './object.ts';
import { ApiError, expired } from './status.ts';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One committed write. `object` of a DELETED change is the last state, with the revision of the deletion. */
export interface Change {
  readonly type: ChangeType;
  /** `group/plural`, e.g. `/pods`, `apps/deployments`. */
  readonly resource: string;
  readonly revision: number;
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

interface Collection {
  readonly objects: Map<string, KubeObject>;
  /** Oldest first, at most `history` of them. */
  readonly changes: Change[];
  /** Revision of the newest change that was forgotten: a watch must start at or after it. */
  forgotten: number;
}

export interface StoreOptions {
  /** Changes kept per resource. */
  readonly history: number;
  /** Revision before the first write. */
  readonly firstRevision: number;
}

export const objectKey = (namespace: string | undefined, name: string): string =>
  namespace ? `${namespace}/${name}` : name;

/**
 * All objects, one revision for the whole store, and the latest changes of each resource. Objects are never changed in
 * place. Subscribers hear every change in the order of revisions, also of writes made by a subscriber.
 */
export class Store {
  readonly #collections = new Map<string, Collection>();
  readonly #subscribers = new Set<(change: Change) => void>();
  readonly #undelivered: Change[] = [];
  readonly #history: number;
  readonly #firstRevision: number;
  #revision: number;
  #delivering = false;

  constructor({ history, firstRevision }: StoreOptions) {
    this.#history = history;
    this.#firstRevision = firstRevision;
    this.#revision = firstRevision;
  }

  get revision(): number {
    return this.#revision;
  }

  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#collections.get(resource)?.objects.get(objectKey(namespace, name));
  }

  /** Objects of a resource in one namespace, or in all, in no particular order. */
  *values(resource: string, namespace?: string): Generator<KubeObject> {
    for (const object of this.#collections.get(resource)?.objects.values() ?? []) {
      if (namespace === undefined || object.metadata.namespace === namespace) yield object;
    }
  }

  /** Writes `object` (owned by the store from now on) and returns it with its new resourceVersion. */
  put(resource: string, object: KubeObject): KubeObject {
    const collection = this.#collection(resource);
    const key = objectKey(object.metadata.namespace, object.metadata.name);
    const previous = collection.objects.get(key);
    const stored = withRevision(object, ++this.#revision);
    collection.objects.set(key, stored);
    this.#commit(collection, {
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      resource,
      revision: this.#revision,
      object: stored,
      previous,
    });
    return stored;
  }

  /** Removes an object; undefined when it was not there. */
  remove(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    const collection = this.#collection(resource);
    const key = objectKey(namespace, name);
    const previous = collection.objects.get(key);
    if (previous === undefined) return undefined;
    collection.objects.delete(key);
    const last = withRevision(previous, ++this.#revision);
    this.#commit(collection, { type: 'DELETED', resource, revision: this.#revision, object: last, previous });
    return last;
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#subscribers.add(listener);
    return () => this.#subscribers.delete(listener);
  }

  /** Changes after `revision`. @throws ApiError Expired (410) when some of them were forgotten, Timeout when it lies ahead. */
  changesAfter(resource: string, revision: number): readonly Change[] {
    const { changes, forgotten } = this.#collection(resource);
    this.#refuseFuture(revision);
    if (revision < forgotten) throw expired(`too old resource version: ${revision} (${forgotten})`);
    return changes.slice(firstAfter(changes, revision));
  }

  /** The objects of a resource as they were at `revision`. @throws as changesAfter */
  snapshot(resource: string, revision: number): Map<string, KubeObject> {
    const objects = new Map(this.#collection(resource).objects);
    for (const { object, previous } of this.changesAfter(resource, revision).toReversed()) {
      const key = objectKey(object.metadata.namespace, object.metadata.name);
      if (previous === undefined) objects.delete(key);
      else objects.set(key, previous);
    }
    return objects;
  }

  /** Drops every change that is kept: whoever is not up to date has to list anew. */
  forget(): void {
    for (const collection of this.#collections.values()) {
      collection.changes.length = 0;
      collection.forgotten = this.#revision;
    }
  }

  #refuseFuture(revision: number): void {
    if (revision <= this.#revision) return;
    throw new ApiError('Timeout', `Too large resource version: ${revision}, current: ${this.#revision}`, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    });
  }

  #collection(resource: string): Collection {
    let collection = this.#collections.get(resource);
    if (collection === undefined) {
      collection = { objects: new Map(), changes: [], forgotten: this.#firstRevision };
      this.#collections.set(resource, collection);
    }
    return collection;
  }

  #commit(collection: Collection, change: Change): void {
    collection.changes.push(change);
    // Trimmed in blocks: shifting one element per write would cost the whole array each time.
    if (collection.changes.length > this.#history * 1.25) {
      const dropped = collection.changes.splice(0, collection.changes.length - this.#history);
      collection.forgotten = dropped.at(-1)?.revision ?? collection.forgotten;
    }
    this.#undelivered.push(change);
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#undelivered.shift(); next; next = this.#undelivered.shift()) {
        for (const listener of this.#subscribers) listener(next);
      }
    } finally {
      this.#delivering = false;
    }
  }
}

function withRevision(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

function firstAfter(changes: readonly Change[], revision: number): number {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((changes[middle]?.revision ?? 0) <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}
