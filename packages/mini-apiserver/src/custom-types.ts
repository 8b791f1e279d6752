import { builtinSchema } from './builtin-schema.ts';
import { customValidation } from './custom-validation.ts';
import { parseJsonPath } from './json-path.ts';
import { AGE, age, NAME } from './kinds/columns.ts';
import { isObject, type Json, type JsonObject, type KubeObject, listAt, objectAt, stringAt } from './object.ts';
import type { Column, ResourceType } from './resource-type.ts';
import type { Schema } from './schema.ts';

/** Where the store keeps the objects of a CustomResourceDefinition. */
export const keyOfDefinition = ({ spec }: KubeObject): string =>
  `${stringAt(spec, 'group')}/${stringAt(spec, 'names', 'plural')}`;

/** The resources a CustomResourceDefinition (already validated) asks for, one per served version. */
export function typesOfDefinition(definition: KubeObject): ResourceType[] {
  const spec = objectAt(definition, 'spec');
  return listAt(spec, 'versions').flatMap((version) =>
    isObject(version) && version.served === true ? [typeOfVersion(spec, version)] : [],
  );
}

function typeOfVersion(spec: JsonObject, version: JsonObject): ResourceType {
  const names = objectAt(spec, 'names');
  const schema = withMetadata(objectAt(version, 'schema', 'openAPIV3Schema') as Schema);
  const group = stringAt(spec, 'group') ?? '';
  const plural = stringAt(names, 'plural') ?? '';
  const paths = listAt(version, 'selectableFields').map((field) => stringAt(field, 'jsonPath') ?? '');
  return {
    group,
    version: stringAt(version, 'name') ?? '',
    plural,
    singular: stringAt(names, 'singular') ?? '',
    kind: stringAt(names, 'kind') ?? '',
    shortNames: listAt(names, 'shortNames').map(String),
    categories: listAt(names, 'categories').map(String),
    namespaced: spec.scope === 'Namespaced',
    key: `${group}/${plural}`,
    schema,
    model: undefined,
    status: objectAt(version, 'subresources').status !== undefined,
    scale: false,
    generation: true,
    fieldSelectors: paths.map((path) => path.replace(/^\./, '')),
    columns: [NAME, ...printerColumns(version)],
    names: 'subdomain',
    rules: { validate: customValidation(schema) },
  };
}

/** apiVersion, kind and metadata are the server's own, whatever the definition says of them. */
function withMetadata(schema: Schema): Schema {
  const text: Schema = { type: 'string' };
  return {
    ...schema,
    properties: { ...schema.properties, apiVersion: text, kind: text, metadata: builtinSchema('V1ObjectMeta') },
  };
}

function printerColumns(version: JsonObject): Column[] {
  const declared = listAt(version, 'additionalPrinterColumns');
  return declared.length === 0 ? [AGE] : declared.filter(isObject).map(printerColumn);
}

function printerColumn(column: JsonObject): Column {
  const read = parseJsonPath(stringAt(column, 'jsonPath') ?? '') ?? (() => []);
  const type = stringAt(column, 'type') as Column['type'];
  return {
    name: stringAt(column, 'name') ?? '',
    type: type === 'date' ? 'string' : type,
    format: stringAt(column, 'format'),
    description: stringAt(column, 'description'),
    wide: typeof column.priority === 'number' && column.priority > 0,
    cell: (object, now) => cell(type, read(object), now),
  };
}

function cell(type: Column['type'], found: Json[], now: number): Json {
  const [value] = found;
  if (value === undefined || value === null) return null;
  if (type === 'date') return age(value, now);
  if (type !== 'string') return value;
  return typeof value === 'string' ? value : JSON.stringify(found.length > 1 ? found : value);
}
