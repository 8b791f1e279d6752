import * as client from '@kubernetes/client-node';

/** Field name → type: a scalar (`string`, `boolean`, `int32`, …), a type's name, `[]type` or `{}type`. */
export type TypeFields = Record<string, string>;

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

const ROOTS = [
  'V1Namespace',
  'V1Node',
  'V1Pod',
  'V1Service',
  'CoreV1Event',
  'EventsV1Event',
  'V1ServiceAccount',
  'V1ConfigMap',
  'V1Deployment',
  'V1DaemonSet',
  'V1EndpointSlice',
  'V1NetworkPolicy',
  'V1ServiceCIDR',
  'V1Ingress',
  'V1PodDisruptionBudget',
  'V1ValidatingAdmissionPolicy',
  'V1ValidatingAdmissionPolicyBinding',
  'V1CustomResourceDefinition',
  'V1Role',
  'V1ClusterRole',
  'V1RoleBinding',
  'V1ClusterRoleBinding',
];

/** The models say `string` for a quantity; the API also takes a number there (`cpu: 1`). */
const QUANTITIES = new Set(['limits', 'requests', 'capacity', 'allocatable', 'allocatedResources', 'overhead']);

/** Every type reachable from the kinds we serve, ordered by name. */
export function builtinTypes(): Record<string, TypeFields> {
  const found = new Map<string, TypeFields>();
  for (const root of ROOTS) collect(root, found);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function collect(name: string, found: Map<string, TypeFields>): void {
  const attributes = attributesOf(name);
  if (attributes === undefined || found.has(name)) return;
  const fields: TypeFields = {};
  found.set(name, fields);
  for (const attribute of attributes) {
    const type = shortType(attribute);
    fields[attribute.baseName] = type;
    collect(type.replace(/^(\[\]|\{\})+/, ''), found);
  }
}

function attributesOf(name: string): readonly Attribute[] | undefined {
  const model: unknown = Reflect.get(client, name);
  if (typeof model !== 'function' || !('getAttributeTypeMap' in model)) return undefined;
  return (model.getAttributeTypeMap as () => readonly Attribute[])();
}

function shortType({ baseName, type, format }: Attribute): string {
  const list = /^Array<(.+)>$/.exec(type);
  if (list?.[1] !== undefined) return `[]${shortType({ baseName: '', type: list[1], format })}`;
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type);
  if (map?.[1] !== undefined) return `{}${shortType({ baseName, type: map[1], format })}`;
  if (type === 'string' && QUANTITIES.has(baseName)) return 'quantity';
  if (type === 'number') return format === '' ? 'number' : format;
  if (type === 'Date' || type === 'V1MicroTime') return 'date-time';
  if (type === 'IntOrString') return 'int-or-string';
  return type;
}
