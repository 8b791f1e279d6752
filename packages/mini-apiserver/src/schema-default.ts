import { copy, isObject, type Json } from './object.ts';
import type { Schema } from './schema.ts';
import { isSchema } from './schema-prune.ts';

/** Fills in the schema's defaults, in place, also inside objects that are there and inside defaults themselves. */
export function applyDefaults(schema: Schema, value: Json | undefined): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) applyDefaults(schema.items, item);
    return;
  }
  if (!isObject(value)) return;
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (value[name] === undefined && field.default !== undefined) value[name] = copy(field.default);
    if (value[name] !== undefined) applyDefaults(field, value[name]);
  }
  if (isSchema(schema.additionalProperties)) {
    for (const [name, field] of Object.entries(value)) {
      if (schema.properties?.[name] === undefined) applyDefaults(schema.additionalProperties, field);
    }
  }
}
