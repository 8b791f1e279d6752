import type { Cluster } from './cluster.ts';
import { type Decoded, decodeObject } from './decode.ts';
import type { FieldError } from './field-error.ts';
import { required } from './field-error.ts';
import { keepFixed, stampNew, validateFinalizers, validateMetadata } from './metadata.ts';
import { copy, type Json, type KubeObject, sameJson, stringAt } from './object.ts';
import { kindSubjectOf, type ResourceType, subjectOf } from './resource-type.ts';
import { applyDefaults } from './schema-default.ts';
import { alreadyExists, badRequest, conflict, forbidden, invalid, MODIFIED, notFound } from './status.ts';
import { timestamp } from './timestamp.ts';

export interface WriteOptions {
  readonly dryRun: boolean;
  /** Sees what is about to be stored, whole; may throw to refuse it. */
  readonly admit?: (object: KubeObject, old: KubeObject | undefined) => void;
  /** Hears of unknown fields; may throw to refuse them. */
  readonly onUnknownFields?: (unknown: readonly string[]) => void;
}

export interface UpdateOptions extends WriteOptions {
  readonly subresource: 'status' | undefined;
  /** A PUT of a custom resource must name the version it replaces. */
  readonly requireVersion: boolean;
}

/** Where one object lies. */
export interface Location {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Creates and changes objects by the rules of their kind. Everything here is synchronous, so each call is atomic. */
export class ObjectApi {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** @throws ApiError NotFound */
  get({ type, namespace, name }: Location): KubeObject {
    const object = this.#cluster.store.get(type.key, namespace, name);
    if (object === undefined) throw notFound(subjectOf(type, name));
    return object;
  }

  /** @throws ApiError AlreadyExists, BadRequest, Invalid, NotFound (namespace), Forbidden (namespace is going away) */
  create(type: ResourceType, namespace: string | undefined, body: Json, options: WriteOptions): KubeObject {
    const object = this.#decode(type, namespace, body, options);
    const { metadata } = object;
    if (metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
    stampNew(metadata, type, this.#cluster);
    this.#checkNamespace(type, namespace, metadata.name);
    if (type.status && !type.rules.keepsStatusOnCreate) delete object.status;
    this.#refine(type, object, undefined);
    options.admit?.(object, undefined);
    if (this.#cluster.store.get(type.key, namespace, metadata.name))
      throw alreadyExists(subjectOf(type, metadata.name));
    return options.dryRun ? object : this.#cluster.store.put(type.key, object);
  }

  /**
   * Replaces an object by what `change` makes of it; without a difference nothing is written.
   * @throws ApiError NotFound, Conflict, BadRequest, Invalid
   */
  update(location: Location, change: (current: KubeObject) => Json, options: UpdateOptions): KubeObject {
    const { type, namespace, name } = location;
    const old = this.get(location);
    const object = this.#decode(type, namespace, change(type.conversion?.fromStored(old) ?? old), options);
    checkIdentity(location, old, object, options);
    keepFixed(object.metadata, old.metadata);
    const next = options.subresource === 'status' ? withStatusOf(old, object) : this.#withSpecOf(type, old, object);
    const errors = validateFinalizers(next.metadata, old.metadata);
    if (errors.length > 0) throw invalid(kindSubjectOf(type, name), errors);
    // A status is the word of a controller on whatever spec there is, also one that would be refused today.
    if (options.subresource === 'status' && type.model !== undefined) this.#checkMetadata(type, next);
    else this.#refine(type, next, old);
    if (sameJson(next, old)) return old;
    options.admit?.(next, old);
    if (type.generation && specChanged(type, next, old)) next.metadata.generation = (old.metadata.generation ?? 0) + 1;
    if (options.dryRun) return next;
    if (isFinished(next)) return this.#cluster.store.remove(type.key, namespace, name) ?? next;
    return this.#cluster.store.put(type.key, next);
  }

  /** Stores an object as it is: no defaults, no validation. For fixtures that today's validation refuses. */
  put(type: ResourceType, object: KubeObject): KubeObject {
    const stored = copy(type.conversion?.toStored(object) ?? object);
    stored.metadata.uid ??= this.#cluster.newUid();
    stored.metadata.creationTimestamp ??= timestamp(this.#cluster.now());
    return this.#cluster.store.put(type.key, stored);
  }

  #decode(type: ResourceType, namespace: string | undefined, body: Json, options: WriteOptions): KubeObject {
    const { object: decoded, unknown }: Decoded = decodeObject(type, body);
    if (unknown.length > 0) options.onUnknownFields?.(unknown);
    const object = type.conversion?.toStored(decoded) ?? decoded;
    const { metadata } = object;
    if (!type.namespaced) delete metadata.namespace;
    else if (metadata.namespace && metadata.namespace !== namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    } else metadata.namespace = namespace;
    return object;
  }

  #withSpecOf(type: ResourceType, old: KubeObject, object: KubeObject): KubeObject {
    if (type.status) {
      if (old.status === undefined) delete object.status;
      else object.status = copy(old.status);
    }
    type.rules.carryOver?.(object, old);
    return object;
  }

  /** Defaults, validation, and what the server adds. */
  #refine(type: ResourceType, object: KubeObject, old: KubeObject | undefined): void {
    applyDefaults(type.schema, object);
    type.rules.defaults?.(object);
    const errors: FieldError[] = validateMetadata(type, object);
    errors.push(...(type.rules.validate?.(object, old, this.#cluster) ?? []));
    if (errors.length > 0) throw invalid(kindSubjectOf(type, object.metadata.name), errors);
    type.rules.complete?.(object, old, this.#cluster);
  }

  #checkMetadata(type: ResourceType, object: KubeObject): void {
    const errors = validateMetadata(type, object);
    if (errors.length > 0) throw invalid(kindSubjectOf(type, object.metadata.name), errors);
  }

  #checkNamespace(type: ResourceType, namespace: string | undefined, name: string): void {
    if (!type.namespaced) return;
    const found = this.#cluster.store.get('/namespaces', undefined, namespace ?? '');
    if (found === undefined) throw notFound({ group: '', kind: 'namespaces', name: namespace });
    if (stringAt(found, 'status', 'phase') === 'Terminating') {
      throw forbidden(
        subjectOf(type, name),
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
    }
  }
}

function checkIdentity({ type, name }: Location, old: KubeObject, object: KubeObject, options: UpdateOptions): void {
  const { metadata } = object;
  if (metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name ?? ''}) does not match the name on the URL (${name})`);
  }
  if (metadata.uid && metadata.uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(subjectOf(type, name), why);
  }
  if (metadata.resourceVersion) {
    if (metadata.resourceVersion !== old.metadata.resourceVersion) throw conflict(subjectOf(type, name), MODIFIED);
  } else if (options.requireVersion) {
    throw invalid(kindSubjectOf(type, name), [required('metadata.resourceVersion', 'must be specified for an update')]);
  }
}

function withStatusOf(old: KubeObject, object: KubeObject): KubeObject {
  const next: KubeObject = { ...copy(old), metadata: object.metadata };
  if (object.status === undefined) delete next.status;
  else next.status = object.status;
  // Kubernetes lets a status update change labels and annotations; who owns or finalizes the object is not status.
  next.metadata.finalizers = old.metadata.finalizers;
  next.metadata.ownerReferences = old.metadata.ownerReferences;
  return next;
}

function specChanged(type: ResourceType, next: KubeObject, old: KubeObject): boolean {
  const spec = ({ metadata: _, status, ...rest }: KubeObject) => (type.status ? rest : { ...rest, status });
  return !sameJson(spec(next), spec(old));
}

/** Deleted, without a finalizer left, and nobody else (a kubelet) has to end it. */
function isFinished({ kind, metadata, spec }: KubeObject): boolean {
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers ?? []).length > 0) return false;
  const hasNamespaceFinalizer = kind === 'Namespace' && Array.isArray((spec as { finalizers?: Json })?.finalizers);
  return (metadata.deletionGracePeriodSeconds ?? 0) === 0 && !hasNamespaceFinalizer;
}
