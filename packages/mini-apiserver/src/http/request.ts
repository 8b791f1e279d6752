import type { IncomingMessage } from 'node:http';
import type { ResourceAttributes } from '../auth/attributes.ts';
import { badRequest } from '../status.ts';
import { parseQuery, type Query } from './query.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** A request for a resource, as Kubernetes' authorizers see it. */
export interface ResourceRequest {
  readonly verb: Verb;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly query: Query;
}

/** `/api/v1/…` and `/apis/group/version/…` with at least a resource; undefined for every other path. */
export function parseResourceRequest(method: string, url: URL): ResourceRequest | undefined {
  const parts = decoded(url.pathname);
  const [root, ...rest] = parts;
  let group = '';
  if (root === 'apis') group = rest.shift() ?? '';
  else if (root !== 'api') return undefined;
  const version = rest.shift();
  if (version === undefined || rest.length === 0) return undefined;
  let namespace: string | undefined;
  // `namespaces/x/pods` lies in a namespace; `namespaces/x` and `namespaces/x/status` are the namespace itself.
  if (rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize') {
    namespace = rest[1];
    rest.splice(0, 2);
  }
  const [resource = '', name, subresource, ...beyond] = rest;
  if (beyond.length > 0) return undefined;
  const query = parseQuery(url.searchParams);
  return { verb: verbOf(method, name, query), group, version, resource, namespace, name, subresource, query };
}

/**
 * What an authorizer looks at. A list or watch of one object by its name is about that object, and a request for a namespace
 * lies in it.
 */
export function attributesOf({ query, ...asked }: ResourceRequest): ResourceAttributes {
  const { verb, group, resource, subresource } = asked;
  const selected = /^metadata\.name=+([^,=]+)$/.exec(query.fieldSelector)?.[1];
  const namespace = group === '' && resource === 'namespaces' ? asked.name : asked.namespace;
  return { verb, group, resource, subresource, namespace, name: asked.name ?? selected };
}

function decoded(pathname: string): string[] {
  try {
    return pathname.split('/').filter(Boolean).map(decodeURIComponent);
  } catch (cause) {
    throw badRequest(`malformed path ${pathname}`, cause);
  }
}

function verbOf(method: string, name: string | undefined, query: Query): Verb {
  if (method === 'POST') return 'create';
  if (method === 'PUT') return 'update';
  if (method === 'PATCH') return 'patch';
  if (method === 'DELETE') return name === undefined ? 'deletecollection' : 'delete';
  if (query.watch) return 'watch';
  return name === undefined ? 'list' : 'get';
}

/** Where a client wants a table, and in what form it may get JSON. */
export interface Accepted {
  readonly table: boolean;
  readonly aggregatedDiscovery: boolean;
  readonly json: boolean;
}

export function parseAccept(request: IncomingMessage): Accepted {
  const accept = request.headers.accept ?? '*/*';
  const ranges = accept.split(',').map((range) => range.trim());
  return {
    // Only where it is preferred: `kubectl get -o yaml` accepts plain JSON alone.
    table: /as=Table/.test(ranges[0] ?? '') && /v=v1(;|$)/.test(ranges[0] ?? ''),
    aggregatedDiscovery: ranges.some((range) => /as=APIGroupDiscoveryList/.test(range) && /v=v2(;|$)/.test(range)),
    json: ranges.some((range) => /^(application\/json|application\/\*|\*\/\*)/.test(range)),
  };
}
