import type { JsonObject } from '../object.ts';
import { apiVersionOf, type ResourceType } from '../resource-type.ts';

/**
 * As much OpenAPI v3 as `kubectl apply` asks for: that PATCH and POST of every kind take `fieldValidation`, so kubectl
 * leaves the check of unknown fields to the server. The schemas themselves are not told (`kubectl explain` needs them).
 */
export function openApi(path: readonly string[], types: readonly ResourceType[]): JsonObject | undefined {
  if (path[0] !== 'openapi' || path[1] !== 'v3') return undefined;
  const wanted = path.slice(2).join('/');
  if (wanted === '') return index(types);
  const found = types.filter((type) => documentPath(type) === wanted);
  return found.length === 0 ? undefined : document(wanted, found);
}

const documentPath = (type: ResourceType): string => `${type.group === '' ? 'api' : 'apis'}/${apiVersionOf(type)}`;

function index(types: readonly ResourceType[]): JsonObject {
  const paths = new Set(types.map(documentPath));
  return { paths: Object.fromEntries([...paths].map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}` }])) };
}

function document(path: string, types: readonly ResourceType[]): JsonObject {
  const paths: JsonObject = {};
  for (const type of types) {
    const base = `/${path}/${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.plural}`;
    paths[base] = { post: operation(type, 'post') };
    paths[`${base}/{name}`] = { put: operation(type, 'put'), patch: operation(type, 'patch') };
  }
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.32.0' }, paths, components: { schemas: {} } };
}

function operation({ group, version, kind }: ResourceType, action: 'post' | 'put' | 'patch'): JsonObject {
  const parameter = (name: string) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } });
  return {
    parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(parameter),
    responses: { '200': { description: 'OK' } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
  };
}
