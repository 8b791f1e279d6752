import { selectorText } from '../kinds/columns.ts';
import {
  ensureObject,
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  numberAt,
  objectAt,
  stringAt,
} from '../object.ts';
import { badRequest } from '../status.ts';

/** autoscaling/v1 Scale of a Deployment. */
export function scaleOf(object: KubeObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(object, 'spec', 'replicas') ?? 0 },
    status: {
      replicas: numberAt(object, 'status', 'replicas') ?? 0,
      selector: selectorText(objectAt(object, 'spec', 'selector')),
    },
  };
}

/** The object with the replicas that `scale` wishes. @throws ApiError BadRequest */
export function withScale(object: KubeObject, scale: Json | undefined): KubeObject {
  const replicas = numberAt(scale, 'spec', 'replicas') ?? 0;
  if (!isObject(scale) || !Number.isInteger(replicas))
    throw badRequest('Scale expects spec.replicas as a whole number');
  ensureObject(object, 'spec').replicas = replicas;
  const version = stringAt(scale, 'metadata', 'resourceVersion');
  if (version !== undefined) object.metadata.resourceVersion = version;
  return object;
}
