import type { IncomingMessage } from 'node:http';
import { json, text } from 'node:stream/consumers';
import { z } from 'zod';
import { accessSource } from './access.ts';
import { type ActAs, otherIdentity, ownIdentity, type Wardrobe } from './acting.ts';
import { failed, isKubeError, KubeError, refused } from './error.ts';
import type { ConnectOptions } from './identity.ts';
import { jsonLines } from './lines.ts';
import { describe, type Place, pathOf, type Resource } from './resource.ts';

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** As it was at this very resource version; `gone` when the server forgot it. */
  readonly at?: string;
  /** Objects per request. 500 when absent. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface Page<T> {
  readonly items: T[];
  readonly resourceVersion: string;
  /** The list begins with this page, perhaps anew: what pages before it had counts no more. */
  readonly first: boolean;
}

export interface WatchOptions extends Omit<ListOptions, 'limit' | 'at'> {
  readonly resourceVersion: string;
  /** After so many seconds the server ends the watch. */
  readonly timeoutSeconds: number;
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

export interface AccessAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

export type ReviewedToken =
  | {
      readonly authenticated: true;
      readonly user: string;
      readonly groups: readonly string[];
      readonly extra: Readonly<Record<string, readonly string[]>>;
      /** Those of the audiences asked for that it is good for. A server that knows no audiences tells none. */
      readonly audiences: readonly string[];
    }
  | { readonly authenticated: false; readonly error: string };

export interface DeleteOptions {
  /** Only this very object, and only in this version; else it fails as `conflict`. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  /** 0 is a kubelet's word that the pod's processes are gone. */
  readonly gracePeriodSeconds?: number;
}

type Address = { readonly namespace?: string; readonly name: string; readonly subresource?: string };
type Named = { readonly metadata?: { readonly name?: string; readonly namespace?: string } };

/** Typed doors to an API server. Every method rejects with a KubeError, or with the reason of an aborted signal. */
export interface KubeClient {
  /** Every object, over all pages. */
  list<T>(resource: Resource, options?: ListOptions): Promise<{ items: T[]; resourceVersion: string }>;
  /** The same page by page, so that only one is in memory. */
  pages<T>(resource: Resource, options?: ListOptions): AsyncIterable<Page<T>>;
  get<T>(resource: Resource, address: Address): Promise<T>;
  /** With a subresource, `object` is what that takes: a Binding for the `binding` of the pod with its name. */
  create<T>(resource: Resource, object: T & Named, subresource?: string): Promise<T>;
  /** With `metadata.resourceVersion` in the object it fails as `conflict` when somebody else was faster. */
  replace<T>(resource: Resource, object: T & Named, subresource?: string): Promise<T>;
  patch<T>(resource: Resource, address: Address, patch: unknown, type: 'merge' | 'json'): Promise<T>;
  delete(resource: Resource, address: Address, options?: DeleteOptions): Promise<void>;
  /** One watch request: resolves when the server accepts it. The iteration ends with the server's end or throws. */
  watch<T>(resource: Resource, options: WatchOptions): Promise<AsyncIterable<WatchEvent<T>>>;
  /** May the identity this client uses do that? */
  selfAccess(attributes: AccessAttributes): Promise<{ allowed: boolean; reason?: string }>;
  /** The server's own word on itself: `v1.31.2`, and its clock (Unix ms) where it tells the time. */
  server(): Promise<{ version: string; at?: number }>;
  /** Whose `token` is, if it was made for one of `audiences`; `error` in the API server's words when it is nobody's. */
  reviewToken(token: string, audiences: readonly string[]): Promise<ReviewedToken>;
  /** Who the API server takes this client for. */
  whoAmI(): Promise<{ user: string; groups: readonly string[] }>;
  /**
   * A client over the same connections that acts as somebody else; it ends with this one. A function is asked before each
   * request, and what it throws fails that. Requests fail as `invalid` where a token proves nothing (a Unix socket).
   */
  as(identity: ActAs | (() => Promise<ActAs>)): KubeClient;
  /** Ends every connection; requests under way fail. */
  close(): Promise<void>;
}

interface Call {
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Record<string, string | number | undefined>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** A list of thousands of pods takes seconds; half a minute without an answer is a dead server. */
const REQUEST_MILLISECONDS = 30_000;
const PAGE = 500;

const listEnvelope = z.object({
  metadata: z.object({ resourceVersion: z.string().default(''), continue: z.string().optional() }),
  items: z.array(z.looseObject({})).nullish(),
});
const watchEnvelope = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.looseObject({}),
});
const selfEnvelope = z.object({
  status: z.object({ userInfo: z.object({ username: z.string().min(1), groups: z.array(z.string()).nullish() }) }),
});
const versionEnvelope = z.object({ gitVersion: z.string() });
const tokenEnvelope = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    error: z.string().default('the API server does not know this token'),
    audiences: z.array(z.string()).nullish(),
    user: z
      .object({
        username: z.string().default(''),
        groups: z.array(z.string()).nullish(),
        extra: z.record(z.string(), z.array(z.string())).nullish(),
      })
      .default({ username: '' }),
  }),
});
const reviewEnvelope = z.object({ status: z.object({ allowed: z.boolean(), reason: z.string().optional() }) });

/** Opens nothing yet: a bad kubeconfig or an absent server shows with the first request. */
export function connect(options: ConnectOptions): KubeClient {
  const source = accessSource(options);
  const over = (identity: Wardrobe, close: () => Promise<void>): KubeClient =>
    clientOver(identity, {
      as: (who) => over(otherIdentity(source, typeof who === 'function' ? who : async () => who), async () => {}),
      close,
    });
  return over(ownIdentity(source), () => source.close());
}

function clientOver(identity: Wardrobe, own: Pick<KubeClient, 'as' | 'close'>): KubeClient {
  async function send({ operation, method, path, query = {}, body, contentType, signal }: Call) {
    try {
      const { origin, headers, connections } = await identity.access();
      const url = new URL(origin + path);
      for (const [key, value] of Object.entries(query)) {
        if (value !== undefined) url.searchParams.set(key, String(value));
      }
      const response = await connections.request({
        method,
        url,
        headers: {
          ...headers,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
      });
      const { statusCode = 0 } = response;
      if (statusCode < 300) return response;
      if (statusCode === 401) identity.renew(true);
      throw refused(operation, statusCode, await readRefusal(response), response.headers['retry-after']);
    } catch (cause) {
      if (signal?.aborted && !(cause instanceof KubeError)) throw signal.reason;
      if (!(cause instanceof KubeError)) identity.renew(false);
      throw failed(operation, cause);
    }
  }

  async function call(request: Call): Promise<unknown> {
    const limit = AbortSignal.timeout(REQUEST_MILLISECONDS);
    const signal = request.signal ? AbortSignal.any([request.signal, limit]) : limit;
    try {
      return await json(await send({ ...request, signal }));
    } catch (cause) {
      if (request.signal?.aborted) throw request.signal.reason;
      throw failed(request.operation, cause);
    }
  }

  async function list<T>(resource: Resource, options?: ListOptions) {
    let items: T[] = [];
    let resourceVersion = '';
    for await (const page of pages<T>(resource, options)) {
      items = page.first ? page.items : items.concat(page.items);
      resourceVersion = page.resourceVersion;
    }
    return { items, resourceVersion };
  }

  async function* pages<T>(resource: Resource, options: ListOptions = {}): AsyncGenerator<Page<T>> {
    const { limit = PAGE, signal, ...selection } = options;
    let next: string | undefined;
    do {
      let first = next === undefined;
      const page = await listPage(resource, selection, limit, next, signal).catch((error: unknown) => {
        // the pages took longer than the server keeps old versions: everything in one answer cannot expire
        if (!isKubeError(error, 'gone') || first) throw error;
        first = true;
        return listPage(resource, selection, undefined, undefined, signal);
      });
      const { resourceVersion, continue: token } = page.metadata;
      next = token || undefined;
      yield { items: (page.items ?? []) as T[], resourceVersion, first };
    } while (next !== undefined);
  }

  async function listPage(
    resource: Resource,
    { namespace, at, ...selectors }: Omit<ListOptions, 'limit' | 'signal'>,
    limit: number | undefined,
    next: string | undefined,
    signal: AbortSignal | undefined,
  ) {
    const operation = describe('list', resource, { namespace });
    // a continue token names the version of the first page by itself
    const version = at === undefined || next ? {} : { resourceVersion: at, resourceVersionMatch: 'Exact' };
    const query = { ...selectors, ...version, limit, continue: next };
    const answer = await call({ operation, method: 'GET', path: pathOf(resource, { namespace }), query, signal });
    return parse(operation, listEnvelope, answer);
  }

  async function watch<T>(resource: Resource, options: WatchOptions): Promise<AsyncIterable<WatchEvent<T>>> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds, signal } = options;
    const operation = describe('watch', resource, { namespace });
    const query = {
      labelSelector,
      fieldSelector,
      resourceVersion,
      timeoutSeconds,
      watch: 1,
      allowWatchBookmarks: 'true',
    };
    const path = pathOf(resource, { namespace });
    return watchEvents<T>(operation, await send({ operation, method: 'GET', path, query, signal }));
  }

  const object = <T>(
    verb: string,
    method: Call['method'],
    resource: Resource,
    place: Place,
    more: Partial<Call> = {},
  ) =>
    call({ operation: describe(verb, resource, place), method, path: pathOf(resource, place), ...more }) as Promise<T>;

  const review = (operation: string, apiVersion: string, kind: string, spec?: object) => {
    const path = `/apis/${apiVersion}/${kind.toLowerCase()}s`;
    return call({ operation, method: 'POST', path, body: { apiVersion, kind, spec } });
  };

  return {
    list,
    pages,
    watch,
    get: (resource, address) => object('get', 'GET', resource, address),
    create: <T>(resource: Resource, body: T & Named, subresource?: string) => {
      const { namespace, name } = body.metadata ?? {};
      const operation = describe('create', resource, { namespace, name, subresource });
      // a new object goes to its collection, a new part to its object
      const path = pathOf(resource, subresource === undefined ? { namespace } : { namespace, name, subresource });
      return call({ operation, method: 'POST', path, body }) as Promise<T>;
    },
    replace: (resource, body, subresource) => {
      const { namespace, name = '' } = body.metadata ?? {};
      return object('replace', 'PUT', resource, { namespace, name, subresource }, { body });
    },
    patch: (resource, address, body, type) => {
      const contentType = type === 'merge' ? 'application/merge-patch+json' : 'application/json-patch+json';
      return object('patch', 'PATCH', resource, address, { body, contentType });
    },
    delete: async (resource, address, { uid, resourceVersion, gracePeriodSeconds } = {}) => {
      const preconditions = { uid, resourceVersion };
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds, preconditions };
      await object('delete', 'DELETE', resource, address, { body });
    },
    selfAccess: async (resourceAttributes) => {
      const operation = `ask whether ${resourceAttributes.verb} ${resourceAttributes.resource} is allowed`;
      const spec = { resourceAttributes };
      const answer = await review(operation, 'authorization.k8s.io/v1', 'SelfSubjectAccessReview', spec);
      return parse(operation, reviewEnvelope, answer).status;
    },
    server: async () => {
      const operation = 'ask for the version of the server';
      const signal = AbortSignal.timeout(REQUEST_MILLISECONDS);
      const response = await send({ operation, method: 'GET', path: '/version', signal });
      const { gitVersion } = parse(operation, versionEnvelope, await json(response));
      const at = Date.parse(String(response.headers.date));
      return { version: gitVersion, ...(!Number.isNaN(at) && { at }) };
    },
    reviewToken: async (token, audiences) => {
      const operation = 'review a token';
      const answer = await review(operation, 'authentication.k8s.io/v1', 'TokenReview', { token, audiences });
      const { status } = parse(operation, tokenEnvelope, answer);
      const { authenticated, error, user } = status;
      if (!authenticated) return { authenticated, error };
      const { username, groups, extra } = user;
      return {
        authenticated,
        user: username,
        groups: groups ?? [],
        extra: extra ?? {},
        audiences: status.audiences ?? [],
      };
    },
    whoAmI: async () => {
      const operation = 'ask who we are';
      const answer = await review(operation, 'authentication.k8s.io/v1', 'SelfSubjectReview');
      const { username, groups } = parse(operation, selfEnvelope, answer).status.userInfo;
      return { user: username, groups: groups ?? [] };
    },
    ...own,
  };
}

async function* watchEvents<T>(operation: string, body: IncomingMessage): AsyncGenerator<WatchEvent<T>> {
  try {
    for await (const line of jsonLines(body)) {
      const { type, object } = parse(operation, watchEnvelope, line);
      if (type === 'ERROR') throw refused(operation, 200, object);
      yield { type, object: object as T };
    }
  } catch (cause) {
    // a line that is no JSON would come again: no reason to wait for a better connection
    if (cause instanceof SyntaxError || cause instanceof RangeError)
      throw new KubeError('unknown', operation, `the stream cannot be read (${cause.message})`, { cause });
    throw failed(operation, cause);
  }
}

function parse<T>(operation: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const detail = `the answer is not what the Kubernetes API sends (${z.prettifyError(parsed.error)})`;
  throw new KubeError('unknown', operation, detail, { cause: parsed.error });
}

/** The body of a refusal: a Status object from an API server, text from a proxy before it. */
async function readRefusal(response: IncomingMessage): Promise<unknown> {
  if (response.headers['content-type']?.startsWith('application/json')) return json(response);
  const page = (await text(response)).slice(0, 1024).trim();
  return page === '' ? {} : { message: page };
}
