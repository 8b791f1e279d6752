import type { Json, JsonObject, KubeObject } from '../object.ts';
import { apiVersionOf, type ResourceType } from '../resource-type.ts';

/** meta/v1 Table: what `kubectl get` prints. */
export function tableOf(
  type: ResourceType,
  objects: readonly KubeObject[],
  metadata: JsonObject,
  include: string,
  now: number,
): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: type.columns.map(({ name, type: columnType, format = '', description = '', wide }) => ({
      name,
      type: columnType,
      format,
      description,
      priority: wide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: type.columns.map(({ cell }) => cell(object, now)),
      ...(include === 'None' ? {} : { object: include === 'Object' ? served(type, object) : partial(object) }),
    })),
  };
}

/** The object in the version it was asked for: most versions differ in name only (conversion strategy None). */
export function served(type: ResourceType, object: KubeObject): KubeObject {
  if (type.conversion) return type.conversion.fromStored(object);
  const apiVersion = apiVersionOf(type);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

const partial = (object: KubeObject): Json => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: object.metadata,
});
