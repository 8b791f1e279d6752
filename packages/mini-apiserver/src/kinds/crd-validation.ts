import { CelValidator } from '../cel/cel-validator.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../field-error.ts';
import { parseJsonPath } from '../json-path.ts';
import { checkName } from '../metadata.ts';
import { isObject, type Json, type JsonObject, type KubeObject, listAt, objectAt, stringAt } from '../object.ts';
import type { Schema } from '../schema.ts';

/** What a definition must be so that its objects can be served here; a feature that is not built is refused by name. */
export function validateCrd(definition: KubeObject, old: KubeObject | undefined): FieldError[] {
  const spec = objectAt(definition, 'spec');
  const errors: FieldError[] = [];
  const group = stringAt(spec, 'group') ?? '';
  const plural = stringAt(spec, 'names', 'plural') ?? '';
  if (group === '') errors.push(required('spec.group'));
  else errors.push(...checkName('spec.group', group, 'subdomain'));
  if (plural === '') errors.push(required('spec.names.plural'));
  else errors.push(...checkName('spec.names.plural', plural, 'dns1035'));
  if (!stringAt(spec, 'names', 'kind')) errors.push(required('spec.names.kind'));
  if (definition.metadata.name !== `${plural}.${group}`) {
    errors.push(invalidValue('metadata.name', definition.metadata.name, 'must be spec.names.plural+"."+spec.group'));
  }
  const scopes = ['Cluster', 'Namespaced'];
  if (!scopes.includes(String(spec.scope))) errors.push(notSupported('spec.scope', spec.scope, scopes));
  for (const field of ['group', 'scope'] as const) {
    if (old !== undefined && objectAt(old, 'spec')[field] !== spec[field]) {
      errors.push(invalidValue(`spec.${field}`, spec[field], 'field is immutable'));
    }
  }
  if (stringAt(spec, 'conversion', 'strategy') !== 'None') {
    errors.push(notSupported('spec.conversion.strategy', objectAt(spec, 'conversion').strategy, ['None']));
  }
  return [...errors, ...checkVersions(listAt(spec, 'versions'))];
}

function checkVersions(versions: Json[]): FieldError[] {
  const errors = versions.flatMap((version, index) => checkVersion(`spec.versions[${index}]`, version));
  const storing = versions.filter((version) => objectAt(version).storage === true).length;
  if (storing !== 1)
    errors.push(
      invalidValue('spec.versions', versions.length, 'must have exactly one version marked as storage version'),
    );
  return errors;
}

function checkVersion(at: string, version: Json): FieldError[] {
  const errors: FieldError[] = [];
  const name = stringAt(version, 'name') ?? '';
  errors.push(...(name === '' ? [required(`${at}.name`)] : checkName(`${at}.name`, name, 'dns1035')));
  const schema = objectAt(version, 'schema').openAPIV3Schema;
  const schemaPath = `${at}.schema.openAPIV3Schema`;
  if (!isObject(schema)) errors.push(required(schemaPath, 'schemas are required'));
  else if (schema.type !== 'object')
    errors.push(invalidValue(`${schemaPath}.type`, schema.type, 'must be object at the root'));
  else {
    const faults = checkSchema(schemaPath, schema);
    // Only a sound schema has the types that rules are checked against.
    errors.push(...(faults.length > 0 ? faults : checkRules(schemaPath, schema)));
  }
  if (objectAt(version, 'subresources').scale !== undefined) {
    errors.push(
      forbiddenField(`${at}.subresources.scale`, 'this server has no scale subresource for custom resources'),
    );
  }
  listAt(version, 'additionalPrinterColumns').forEach((column, index) => {
    const path = stringAt(column, 'jsonPath') ?? '';
    if (parseJsonPath(path) === undefined) {
      errors.push(
        invalidValue(`${at}.additionalPrinterColumns[${index}].jsonPath`, path, 'is not a path this server can read'),
      );
    }
  });
  return errors;
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** A structural schema: every value has a type, and patterns compile. */
function checkSchema(at: string, schema: JsonObject, needsType = true): FieldError[] {
  const errors: FieldError[] = [];
  const free = schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-int-or-string'] === true;
  if (schema.type === undefined && needsType && !free) {
    errors.push(required(`${at}.type`, 'must not be empty for specified object fields'));
  }
  if (schema.type !== undefined && !TYPES.includes(String(schema.type))) {
    errors.push(notSupported(`${at}.type`, schema.type, TYPES));
  }
  if (schema['x-kubernetes-validations'] !== undefined && !needsType) {
    errors.push(forbiddenField(`${at}.x-kubernetes-validations`, 'must be empty to be structural'));
  }
  if (schema.$ref !== undefined) errors.push(forbiddenField(`${at}.$ref`, '$ref is not supported'));
  if (typeof schema.pattern === 'string' && !compiles(schema.pattern)) {
    errors.push(invalidValue(`${at}.pattern`, schema.pattern, 'must be a valid regular expression'));
  }
  for (const [name, field] of Object.entries(objectAt(schema, 'properties'))) {
    if (isObject(field)) errors.push(...checkSchema(`${at}.properties[${name}]`, field, needsType));
  }
  for (const field of ['items', 'additionalProperties', 'not'] as const) {
    const inner = schema[field];
    if (isObject(inner)) errors.push(...checkSchema(`${at}.${field}`, inner, needsType && field !== 'not'));
  }
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) {
    listAt(schema, junctor).forEach((inner, index) => {
      if (isObject(inner)) errors.push(...checkSchema(`${at}.${junctor}[${index}]`, inner, false));
    });
  }
  return errors;
}

/** Rules are compiled with their definition, so that a bad one is told to its author and not to whoever writes objects. */
function checkRules(at: string, schema: JsonObject): FieldError[] {
  const { faults } = new CelValidator(schema as Schema);
  return faults.map((fault) => invalidValue(`${at}.${fault.at}`, fault.value, fault.detail));
}

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    // The constructor's only way to say no; the caller turns it into a field error.
    return false;
  }
}
