import type { Cluster } from './cluster.ts';
import { type FieldError, forbiddenField, invalidValue, required } from './field-error.ts';
import type { KubeObject, ObjectMeta } from './object.ts';
import type { ResourceType } from './resource-type.ts';
import { timestamp } from './timestamp.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const NAME_RULES = {
  subdomain: {
    pattern: SUBDOMAIN,
    length: 253,
    detail:
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  },
  label: {
    pattern: LABEL,
    length: 63,
    detail:
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  },
  dns1035: {
    pattern: DNS1035,
    length: 63,
    detail:
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  },
} as const;

/** Checks a name by one of Kubernetes' rules. */
export function checkName(field: string, name: string, rule: ResourceType['names']): FieldError[] {
  if (rule === 'path') return checkPathSegment(field, name);
  const { pattern, length, detail } = NAME_RULES[rule];
  if (name.length > length) return [invalidValue(field, name, `must be no more than ${length} characters`)];
  return pattern.test(name)
    ? []
    : [invalidValue(field, name, `${detail} (regex used for validation is '${pattern.source}')`)];
}

function checkPathSegment(field: string, name: string): FieldError[] {
  if (name === '.' || name === '..') return [invalidValue(field, name, `may not be '${name}'`)];
  return ['/', '%']
    .filter((sign) => name.includes(sign))
    .map((sign) => invalidValue(field, name, `may not contain '${sign}'`));
}

export function checkLabels(field: string, labels: { readonly [key: string]: unknown }): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...checkQualifiedName(field, key),
    ...(typeof value === 'string'
      ? checkLabelValue(field, value)
      : [invalidValue(field, String(value), 'must be a string')]),
  ]);
}

export function checkLabelValue(field: string, value: string): FieldError[] {
  if (value === '') return [];
  if (value.length > 63) return [invalidValue(field, value, 'must be no more than 63 characters')];
  if (QUALIFIED.test(value)) return [];
  return [
    invalidValue(
      field,
      value,
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ),
  ];
}

/** A key of labels or annotations: `name` or `prefix/name`. */
export function checkQualifiedName(field: string, key: string): FieldError[] {
  const [name = '', prefix, ...rest] = key.split('/').reverse();
  const fine =
    rest.length === 0 && name.length <= 63 && QUALIFIED.test(name) && (prefix === undefined || SUBDOMAIN.test(prefix));
  if (fine) return [];
  return [
    invalidValue(
      field,
      key,
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ),
  ];
}

const MAX_ANNOTATIONS = 256 * 1024;

/** Faults of metadata that every kind shares. */
export function validateMetadata(type: ResourceType, { metadata }: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  if (!metadata.name) errors.push(required('metadata.name', 'name or generateName is required'));
  else errors.push(...checkName('metadata.name', metadata.name, type.names));
  errors.push(...checkLabels('metadata.labels', metadata.labels ?? {}));
  let size = 0;
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    errors.push(...checkQualifiedName('metadata.annotations', key.toLowerCase()));
    size += key.length + value.length;
  }
  if (size > MAX_ANNOTATIONS) {
    errors.push({
      reason: 'FieldValueTooLong',
      field: 'metadata.annotations',
      message: `Too long: may not be more than ${MAX_ANNOTATIONS} bytes`,
    });
  }
  (metadata.ownerReferences ?? []).forEach((owner, index) => {
    for (const field of ['apiVersion', 'kind', 'name', 'uid']) {
      if (!owner[field])
        errors.push(invalidValue(`metadata.ownerReferences[${index}].${field}`, '', 'must not be empty'));
    }
  });
  return errors;
}

// Without vowels and look-alikes, as Kubernetes does, so that no words appear.
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** Metadata of a new object: what the server decides, over what the author may say. */
export function stampNew(metadata: ObjectMeta, type: ResourceType, { now, newUid, random }: Cluster): void {
  if (!metadata.name && metadata.generateName) {
    const letter = () => SUFFIX_ALPHABET[Math.floor(random() * SUFFIX_ALPHABET.length)];
    metadata.name = metadata.generateName.slice(0, 248) + Array.from({ length: 5 }, letter).join('');
  }
  metadata.uid = newUid();
  metadata.creationTimestamp = timestamp(now());
  delete metadata.resourceVersion;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  if (type.generation) metadata.generation = 1;
  else delete metadata.generation;
}

const FIXED = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'generateName',
] as const;

/** Puts the server's own fields of `old` back over whatever an update said of them. */
export function keepFixed(metadata: ObjectMeta, old: ObjectMeta): void {
  for (const field of FIXED) {
    if (old[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: old[field] });
  }
  metadata.resourceVersion = old.resourceVersion;
}

/** A deleted object must not get new finalizers: it could never go. */
export function validateFinalizers(metadata: ObjectMeta, old: ObjectMeta): FieldError[] {
  if (old.deletionTimestamp === undefined) return [];
  const added = (metadata.finalizers ?? []).filter((finalizer) => !old.finalizers?.includes(finalizer));
  if (added.length === 0) return [];
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
  return [forbiddenField('metadata.finalizers', detail)];
}
