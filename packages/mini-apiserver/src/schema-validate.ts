import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
  wrongType,
} from './field-error.ts';
import { isObject, type Json, type JsonObject, sameJson } from './object.ts';
import { fieldPath, type Schema } from './schema.ts';
import { validateFormat } from './schema-format.ts';
import { isSchema } from './schema-prune.ts';

/** Every fault of `value` in the words of kube-apiserver's structural schema validation. */
export function validateSchema(schema: Schema, value: Json, path = ''): FieldError[] {
  if (value === null && schema.nullable) return [];
  const typeFault = checkType(schema, value, path);
  if (typeFault !== undefined) return [typeFault];
  const errors: FieldError[] = [];
  if (schema.enum !== undefined && !schema.enum.some((allowed) => sameJson(allowed, value))) {
    errors.push(notSupported(path, value, schema.enum));
  }
  if (typeof value === 'number') checkNumber(schema, value, path, errors);
  if (typeof value === 'string') checkText(schema, value, path, errors);
  if (Array.isArray(value)) checkList(schema, value, path, errors);
  else if (isObject(value)) checkFields(schema, value, path, errors);
  checkCombinations(schema, value, path, errors);
  return errors;
}

function checkType(schema: Schema, value: Json, path: string): FieldError | undefined {
  if (schema['x-kubernetes-int-or-string']) {
    if (typeof value === 'string' || Number.isInteger(value)) return undefined;
    return wrongType(
      path,
      value,
      `${path} in body must be of type integer or string: ${JSON.stringify(typeOf(value))}`,
    );
  }
  if (schema.type === undefined) return undefined;
  const actual = typeOf(value);
  if (actual === schema.type || (schema.type === 'number' && actual === 'integer')) return undefined;
  return wrongType(path, value, `${path} in body must be of type ${schema.type}: ${JSON.stringify(actual)}`);
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function checkNumber(schema: Schema, value: number, path: string, errors: FieldError[]): void {
  const { minimum, maximum, multipleOf, exclusiveMinimum, exclusiveMaximum } = schema;
  const fault = (detail: string) => errors.push(invalidValue(path, value, `${path} in body ${detail}`));
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    fault(`should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    fault(`should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) fault(`should be a multiple of ${multipleOf}`);
  if (schema.format === 'int32' && Math.abs(value) > 2 ** 31) fault('must be of type int32');
}

function checkText(schema: Schema, value: string, path: string, errors: FieldError[]): void {
  const length = [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength) errors.push(tooLong(path, schema.maxLength));
  if (schema.minLength !== undefined && length < schema.minLength) {
    errors.push(invalidValue(path, value, `${path} in body should be at least ${schema.minLength} chars long`));
  }
  if (schema.pattern !== undefined && !matches(schema.pattern, value)) {
    errors.push(invalidValue(path, value, `${path} in body should match '${schema.pattern}'`));
  }
  if (schema.format !== undefined && !validateFormat(schema.format, value)) {
    errors.push(
      invalidValue(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`),
    );
  }
}

/** A pattern is Go's RE2, whose common part JavaScript reads the same; one it cannot read was refused with its CRD. */
function matches(pattern: string, value: string): boolean {
  return new RegExp(pattern, 'u').test(value);
}

function checkList(schema: Schema, list: Json[], path: string, errors: FieldError[]): void {
  const { items, minItems, maxItems } = schema;
  if (minItems !== undefined && list.length < minItems) {
    errors.push(invalidValue(path, list.length, `${path} in body should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && list.length > maxItems) errors.push(tooMany(path, list.length, maxItems));
  if (items !== undefined) {
    list.forEach((item, index) => {
      errors.push(...validateSchema(items, item, `${path}[${index}]`));
    });
  }
  const keys = schema['x-kubernetes-list-map-keys'];
  const unique = schema.uniqueItems || schema['x-kubernetes-list-type'] === 'set';
  if (!unique && keys === undefined) return;
  const seen = new Set<string>();
  list.forEach((item, index) => {
    const identity = keys !== undefined && isObject(item) ? keys.map((key) => item[key] ?? null) : item;
    const text = JSON.stringify(identity);
    if (seen.has(text)) errors.push(duplicate(`${path}[${index}]`, identity));
    seen.add(text);
  });
}

function checkFields(schema: Schema, object: JsonObject, path: string, errors: FieldError[]): void {
  for (const name of schema.required ?? []) {
    if (object[name] === undefined) errors.push(required(fieldPath(path, name)));
  }
  const entries = Object.entries(object);
  if (schema.maxProperties !== undefined && entries.length > schema.maxProperties) {
    errors.push(tooMany(path, entries.length, schema.maxProperties));
  }
  if (schema.minProperties !== undefined && entries.length < schema.minProperties) {
    errors.push(
      invalidValue(path, entries.length, `${path} in body should have at least ${schema.minProperties} properties`),
    );
  }
  for (const [name, field] of entries) {
    const known = schema.properties !== undefined && Object.hasOwn(schema.properties, name);
    const fieldSchema = known ? schema.properties?.[name] : schema.additionalProperties;
    if (isObject(fieldSchema) && isSchema(fieldSchema) && field !== undefined) {
      errors.push(...validateSchema(fieldSchema, field, fieldPath(path, name)));
    }
  }
}

function checkCombinations(schema: Schema, value: Json, path: string, errors: FieldError[]): void {
  const valid = (alternatives: Schema[]) =>
    alternatives.filter((one) => validateSchema(one, value, path).length === 0).length;
  const name = path === '' ? '<nil>' : path;
  const fault = (detail: string) =>
    errors.push(invalidValue(name, isObject(value) ? '' : value, `"${path}" ${detail}`));
  for (const one of schema.allOf ?? []) errors.push(...validateSchema(one, value, path));
  if (schema.anyOf !== undefined && valid(schema.anyOf) === 0) fault('must validate at least one schema (anyOf)');
  if (schema.oneOf !== undefined) {
    const count = valid(schema.oneOf);
    const found = count === 0 ? 'none valid' : `${count} valid alternatives`;
    if (count !== 1) fault(`must validate one and only one schema (oneOf). Found ${found}`);
  }
  if (schema.not !== undefined && validateSchema(schema.not, value, path).length === 0) {
    fault('must not validate the schema (not)');
  }
}
