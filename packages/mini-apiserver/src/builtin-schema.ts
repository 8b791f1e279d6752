import types from './builtin-types.json' with { type: 'json' };
import type { Schema } from './schema.ts';

const fieldsOfType: { readonly [type: string]: { readonly [field: string]: string } } = types;

/** Merge keys of lists that a strategic merge patch joins by key, as in the struct tags of k8s.io/api. */
export const MERGE_KEYS: { readonly [typeAndField: string]: string } = {
  'V1ObjectMeta.ownerReferences': 'uid',
  'V1ServiceSpec.ports': 'port',
  'V1ServiceStatus.conditions': 'type',
  'V1ServiceAccount.secrets': 'name',
  'V1ServiceAccount.imagePullSecrets': 'name',
  'V1PodSpec.containers': 'name',
  'V1PodSpec.initContainers': 'name',
  'V1PodSpec.ephemeralContainers': 'name',
  'V1PodSpec.volumes': 'name',
  'V1PodSpec.imagePullSecrets': 'name',
  'V1PodSpec.hostAliases': 'ip',
  'V1PodSpec.resourceClaims': 'name',
  'V1PodSpec.schedulingGates': 'name',
  'V1PodSpec.topologySpreadConstraints': 'topologyKey',
  'V1Container.env': 'name',
  'V1Container.ports': 'containerPort',
  'V1Container.volumeMounts': 'mountPath',
  'V1Container.volumeDevices': 'devicePath',
  'V1EphemeralContainer.env': 'name',
  'V1EphemeralContainer.ports': 'containerPort',
  'V1EphemeralContainer.volumeMounts': 'mountPath',
  'V1EphemeralContainer.volumeDevices': 'devicePath',
  'V1PodStatus.conditions': 'type',
  'V1PodStatus.podIPs': 'ip',
  'V1PodStatus.hostIPs': 'ip',
  'V1NodeStatus.conditions': 'type',
  'V1NodeStatus.addresses': 'type',
  'V1NamespaceStatus.conditions': 'type',
  'V1DeploymentStatus.conditions': 'type',
  'V1DaemonSetStatus.conditions': 'type',
  'V1PodDisruptionBudgetStatus.conditions': 'type',
  'V1ValidatingAdmissionPolicySpec.matchConditions': 'name',
  'V1ValidatingAdmissionPolicySpec.variables': 'name',
  'V1ServiceCIDRStatus.conditions': 'type',
};

/** Lists of plain values that a strategic merge patch adds to instead of replacing. */
export const MERGED_SETS: ReadonlySet<string> = new Set(['V1ObjectMeta.finalizers', 'V1NodeSpec.podCIDRs']);

const made = new Map<string, Schema>();

/** The schema of a built-in type, e.g. `V1Pod`. Types that contain themselves share one object, so the graph has cycles. */
export function builtinSchema(type: string): Schema {
  const known = made.get(type);
  if (known !== undefined) return known;
  const properties: { [field: string]: Schema } = {};
  const schema: Schema = { type: 'object', properties };
  made.set(type, schema);
  for (const [field, fieldType] of Object.entries(fieldsOfType[type] ?? {})) {
    properties[field] = schemaOf(fieldType);
  }
  return schema;
}

/** The type of a field, for walking a patch along the types; undefined outside the known ones. */
export function fieldType(type: string | undefined, field: string): string | undefined {
  if (type === undefined) return undefined;
  return type.startsWith('{}') ? type.slice(2) : fieldsOfType[type]?.[field];
}

function schemaOf(type: string): Schema {
  if (type.startsWith('[]')) return { type: 'array', items: schemaOf(type.slice(2)) };
  if (type.startsWith('{}')) return { type: 'object', additionalProperties: schemaOf(type.slice(2)) };
  return SCALARS[type] ?? builtinSchema(type);
}

const SCALARS: { readonly [type: string]: Schema } = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer' },
  double: { type: 'number' },
  number: { type: 'number' },
  'date-time': { type: 'string', format: 'date-time' },
  'int-or-string': { 'x-kubernetes-int-or-string': true },
  quantity: { 'x-kubernetes-int-or-string': true },
  any: { 'x-kubernetes-preserve-unknown-fields': true, nullable: true },
};
