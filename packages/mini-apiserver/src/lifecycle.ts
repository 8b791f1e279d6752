import type { Cluster } from './cluster.ts';
import { keyOfDefinition, typesOfDefinition } from './custom-types.ts';
import type { Deletion } from './deletion.ts';
import type { KubeObject, OwnerReference } from './object.ts';
import type { ResourceType } from './resource-type.ts';
import type { Change } from './store.ts';

const BACKGROUND = { dryRun: false, propagationPolicy: 'Background' } as const;

/**
 * What follows from a write elsewhere in a cluster: definitions become resources, a new namespace gets its service
 * account, dependents go with their last owner, and a namespace goes when it is empty.
 */
export class Lifecycle {
  readonly #cluster: Cluster;
  readonly #deletion: Deletion;

  constructor(cluster: Cluster, deletion: Deletion) {
    this.#cluster = cluster;
    this.#deletion = deletion;
  }

  /** A subscriber of the store. */
  observe(change: Change): void {
    if (change.resource === 'apiextensions.k8s.io/customresourcedefinitions') this.#followDefinition(change);
    if (change.resource === '/namespaces') this.#followNamespace(change);
    if (change.type !== 'DELETED') return;
    this.#deleteDependents(change.object);
    const { namespace } = change.object.metadata;
    if (namespace !== undefined) this.#finishNamespace(namespace);
  }

  #followDefinition({ type, object, previous }: Change): void {
    const { types, store } = this.#cluster;
    const key = keyOfDefinition(object);
    if (previous !== undefined) types.remove(key);
    if (type !== 'DELETED') for (const served of typesOfDefinition(object)) types.add(served);
    else for (const { metadata } of [...store.values(key)]) store.remove(key, metadata.namespace, metadata.name);
  }

  #followNamespace({ type, object }: Change): void {
    const { name } = object.metadata;
    if (type === 'ADDED') {
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: name } };
      const metadata = {
        ...account.metadata,
        uid: this.#cluster.newUid(),
        creationTimestamp: object.metadata.creationTimestamp,
      };
      this.#cluster.store.put('/serviceaccounts', { ...account, metadata });
    }
    if (type !== 'MODIFIED' || object.metadata.deletionTimestamp === undefined) return;
    for (const content of this.#namespaced()) {
      for (const { metadata } of [...this.#cluster.store.values(content.key, name)]) {
        if (metadata.deletionTimestamp === undefined) this.#delete(content, metadata);
      }
    }
    this.#finishNamespace(name);
  }

  #finishNamespace(name: string): void {
    const { store } = this.#cluster;
    if (store.get('/namespaces', undefined, name)?.metadata.deletionTimestamp === undefined) return;
    const empty = this.#namespaced().every(({ key }) => store.values(key, name).next().done);
    if (empty) store.remove('/namespaces', undefined, name);
  }

  #deleteDependents(owner: KubeObject): void {
    const isOwner = ({ uid }: OwnerReference) => uid === owner.metadata.uid;
    for (const type of this.#distinctTypes()) {
      for (const { metadata } of [...this.#cluster.store.values(type.key)]) {
        const owners = metadata.ownerReferences;
        if (!owners?.some(isOwner) || metadata.deletionTimestamp !== undefined) continue;
        if (owners.every((one) => isOwner(one) || !this.#exists(one.uid))) this.#delete(type, metadata);
      }
    }
  }

  #delete(type: ResourceType, { namespace, name }: KubeObject['metadata']): void {
    this.#deletion.delete({ type, namespace, name }, BACKGROUND);
  }

  #exists(uid: string): boolean {
    return this.#distinctTypes().some(({ key }) => {
      for (const { metadata } of this.#cluster.store.values(key)) if (metadata.uid === uid) return true;
      return false;
    });
  }

  #namespaced(): ResourceType[] {
    return this.#distinctTypes().filter(({ namespaced }) => namespaced);
  }

  /** One version of each resource. */
  #distinctTypes(): ResourceType[] {
    return [...new Map(this.#cluster.types.all().map((type) => [type.key, type])).values()];
  }
}
