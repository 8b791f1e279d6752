import { describeFieldError } from './field-error.ts';
import { isObject, type Json, type KubeObject } from './object.ts';
import { apiVersionOf, type ResourceType } from './resource-type.ts';
import { pruned } from './schema-prune.ts';
import { validateSchema } from './schema-validate.ts';
import { badRequest } from './status.ts';

/** An object that has the shape of its type, and the paths of fields its type does not know. */
export interface Decoded {
  readonly object: KubeObject;
  readonly unknown: readonly string[];
}

/**
 * Reads an object of `type` from JSON: right kind and version, unknown fields dropped, and for built-in types every
 * field of the right JSON type (custom resources are checked against their whole schema later).
 * @throws ApiError BadRequest
 */
export function decodeObject(type: ResourceType, body: Json): Decoded {
  const cannot = (why: string) =>
    badRequest(`${type.kind} in version "${type.version}" cannot be handled as a ${type.kind}: ${why}`);
  if (!isObject(body)) throw cannot('it is not a JSON object');
  const apiVersion = apiVersionOf(type);
  if (body.apiVersion !== undefined && body.apiVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${String(body.apiVersion)}) does not match the expected API version (${apiVersion})`,
    );
  }
  if (body.kind !== undefined && body.kind !== type.kind) {
    throw badRequest(`the kind in the data (${String(body.kind)}) does not match the expected kind (${type.kind})`);
  }
  const unknown: string[] = [];
  const object = pruned(
    type.schema,
    { ...body, apiVersion, kind: type.kind, metadata: body.metadata ?? {} },
    unknown,
  ) as KubeObject;
  const [fault] = type.model === undefined ? metadataFaults(type, object) : validateSchema(type.schema, object);
  if (fault !== undefined) throw cannot(describeFieldError(fault));
  delete object.metadata.managedFields;
  delete object.metadata.selfLink;
  return { object, unknown };
}

function metadataFaults(type: ResourceType, object: KubeObject) {
  const schema = type.schema.properties?.metadata;
  return schema === undefined ? [] : validateSchema(schema, object.metadata, 'metadata');
}

/** The words kube-apiserver has for unknown fields under `fieldValidation=Strict`. */
export const strictError = (unknown: readonly string[]): string =>
  `strict decoding error: ${unknown.map((path) => `unknown field "${path}"`).join(', ')}`;
