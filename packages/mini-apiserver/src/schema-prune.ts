import { isObject, type Json, type JsonObject } from './object.ts';
import { fieldPath, type Schema } from './schema.ts';

/**
 * A copy of `value` without the fields its schema does not know, and without nulls where null means "not set".
 * `unknown` collects the paths that were left out, e.g. `spec.ports[0].prot`.
 */
export function pruned(schema: Schema, value: Json, unknown: string[], path = ''): Json {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    return value.map((item, index) => pruned(items, item, unknown, `${path}[${index}]`));
  }
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const [name, field] of Object.entries(value)) {
    const at = fieldPath(path, name);
    const fieldSchema = schemaOfField(schema, name);
    if (fieldSchema === undefined) {
      unknown.push(at);
    } else if (field !== undefined && (field !== null || keepsNull(fieldSchema))) {
      define(kept, name, pruned(fieldSchema, field, unknown, at));
    }
  }
  return kept;
}

const ANYTHING: Schema = { 'x-kubernetes-preserve-unknown-fields': true };
const TEXT: Schema = { type: 'string' };

function schemaOfField(schema: Schema, name: string): Schema | undefined {
  const known = schema.properties;
  if (known !== undefined && Object.hasOwn(known, name)) return known[name];
  if (isSchema(schema.additionalProperties)) return schema.additionalProperties;
  if (schema.additionalProperties === true || schema['x-kubernetes-preserve-unknown-fields']) return ANYTHING;
  if (schema['x-kubernetes-embedded-resource'] && ['apiVersion', 'kind', 'metadata'].includes(name)) {
    return name === 'metadata' ? ANYTHING : TEXT;
  }
  return undefined;
}

export const isSchema = (value: boolean | Schema | undefined): value is Schema => isObject(value);

/** Kubernetes drops a null where the schema has a default to put in its place, or where the type has no null. */
function keepsNull(schema: Schema): boolean {
  return schema.nullable === true || schema.type === undefined;
}

/** Plain assignment to `__proto__` would set the prototype instead of a field. */
function define(target: JsonObject, name: string, value: Json): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
