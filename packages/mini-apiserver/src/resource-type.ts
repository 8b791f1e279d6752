import type { FieldError } from './field-error.ts';
import type { Json, KubeObject } from './object.ts';
import type { Schema } from './schema.ts';
import type { ServiceAddresses } from './service-addresses.ts';
import type { StatusSubject } from './status.ts';

/** What the rules of a kind may ask. */
export interface RuleContext {
  readonly serviceAddresses: ServiceAddresses;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** What is special about one kind. Objects passed in are the caller's own copy and may be changed in place. */
export interface KindRules {
  /** Elsewhere a status sent with a new object is dropped. */
  readonly keepsStatusOnCreate?: boolean;
  /** Fills in what the author left out; runs on create and on update, before validation. */
  readonly defaults?: (object: KubeObject) => void;
  /** Sets what only the server may decide (allocated addresses, first status). Runs after validation. */
  readonly complete?: (object: KubeObject, old: KubeObject | undefined, context: RuleContext) => void;
  /** Carries over what an update may leave out, before defaults. */
  readonly carryOver?: (object: KubeObject, old: KubeObject) => void;
  readonly validate?: (object: KubeObject, old: KubeObject | undefined, context: RuleContext) => FieldError[];
}

/** A column of `kubectl get`; `wide` ones appear with `-o wide`. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description?: string;
  readonly wide?: boolean;
  readonly cell: (object: KubeObject, now: number) => Json;
}

/** One resource in one version, as discovery tells of it and as requests are served. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Where the store keeps the objects, the same for every version: `group/plural` of the group they were born in. */
  readonly key: string;
  readonly schema: Schema;
  /** The built-in type behind the schema, which strategic merge patches need; undefined for custom resources. */
  readonly model: string | undefined;
  readonly status: boolean;
  readonly scale: boolean;
  /** Whether metadata.generation counts changes of the specification. */
  readonly generation: boolean;
  /** Field selectors besides metadata.name and metadata.namespace. */
  readonly fieldSelectors: readonly string[];
  readonly columns: readonly Column[];
  /** RFC 1123 subdomain or label, RFC 1035 label (starts with a letter), or whatever can stand in a path. */
  readonly names: 'subdomain' | 'label' | 'dns1035' | 'path';
  readonly rules: KindRules;
  /** For a version whose fields have other names than those of the stored object. Columns and selectors see the stored one. */
  readonly conversion?: Conversion;
}

/** Between the names that this version has for fields and those in which the object is stored. */
export interface Conversion {
  readonly toStored: (object: KubeObject) => KubeObject;
  readonly fromStored: (object: KubeObject) => KubeObject;
}

export const apiVersionOf = ({ group, version }: { group: string; version: string }): string =>
  group === '' ? version : `${group}/${version}`;

export const subjectOf = (type: ResourceType, name?: string): StatusSubject => ({
  group: type.group,
  kind: type.plural,
  name,
});

/** Kubernetes names the kind, not the plural, when an object is invalid. */
export const kindSubjectOf = (type: ResourceType, name?: string): StatusSubject => ({
  group: type.group,
  kind: type.kind,
  name,
});
