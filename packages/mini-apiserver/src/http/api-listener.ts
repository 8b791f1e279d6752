import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Authorizer } from '../auth/authorizer.ts';
import type { Identity } from '../auth/identity.ts';
import { impersonated } from '../auth/impersonation.ts';
import type { Cluster } from '../cluster.ts';
import type { JsonObject } from '../object.ts';
import { ApiError, asApiError, notFound } from '../status.ts';
import { readBody, requireObject } from './body.ts';
import { discovery, versionInfo } from './discovery.ts';
import { openApi } from './openapi.ts';
import { type Accepted, attributesOf, parseAccept, parseResourceRequest, type ResourceRequest } from './request.ts';
import type { Answer, ResourceHandler } from './resource-handler.ts';
import { answerReview, findReview } from './reviews.ts';

export interface ApiListenerOptions {
  readonly cluster: Cluster;
  readonly resources: ResourceHandler;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** Who sent a request. @throws ApiError Unauthorized */
  readonly identify: (request: IncomingMessage) => Identity;
  /** Asked before each request for a resource is answered. @throws ApiError with which it is refused */
  readonly intercept?: (asked: ResourceRequest) => void;
  /** Hears of faults of ours, which the client sees as InternalError. */
  readonly onFault: (error: unknown) => void;
}

const HEALTH_PATHS = new Set(['/healthz', '/livez', '/readyz']);
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** The whole API as a listener for Node's HTTP servers. */
export function apiListener(options: ApiListenerOptions): RequestListener {
  return (request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      const refusal = asApiError(error);
      if (!(error instanceof ApiError)) options.onFault(error);
      const { retryAfterSeconds } = refusal.details ?? {};
      // as a header too: whoever is throttled reads no body
      if (retryAfterSeconds !== undefined && !response.headersSent)
        response.setHeader('retry-after', String(retryAfterSeconds));
      sendJson(response, refusal.code, refusal.toStatus());
    });
  };
}

async function answer(options: ApiListenerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (HEALTH_PATHS.has(url.pathname)) {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
    return;
  }
  const identity = impersonated(request, options.identify(request), options.authorizer);
  const accepted = parseAccept(request);
  if (!accepted.json)
    throw new ApiError('NotAcceptable', 'only the following media types are accepted: application/json');
  const asked = parseResourceRequest(request.method ?? 'GET', url);
  if (asked !== undefined) {
    options.intercept?.(asked);
    const found = await resource(options, request, response, asked, identity, accepted);
    if (found !== undefined) sendAnswer(response, found);
    return;
  }
  const verb = (request.method ?? 'GET').toLowerCase();
  options.authorizer.require(identity, { verb, path: url.pathname });
  const path = url.pathname.split('/').filter(Boolean);
  const types = options.cluster.types.all();
  if (url.pathname === '/version') sendJson(response, 200, versionInfo());
  else {
    const aggregated = accepted.aggregatedDiscovery && path.length === 1;
    const body = discovery(path, types, aggregated) ?? openApi(path, types);
    if (body === undefined) throw notFound({ group: '', kind: 'path', name: url.pathname });
    sendJson(response, 200, body, aggregated ? AGGREGATED : 'application/json');
  }
}

async function resource(
  { resources, authenticator, authorizer }: ApiListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  asked: ResourceRequest,
  identity: Identity,
  accepted: Accepted,
): Promise<Answer | undefined> {
  authorizer.require(identity, attributesOf(asked));
  const review = findReview(asked.group, asked.version, asked.resource);
  if (review === undefined) return resources.handle(request, response, asked, accepted, identity);
  if (asked.verb !== 'create') throw new ApiError('MethodNotAllowed', `${review.kind} is answered to POST only`);
  requireObject(request);
  const body = answerReview(review, await readBody(request), { asking: identity, authenticator, authorizer });
  return { code: 201, body, warnings: [] };
}

function sendAnswer(response: ServerResponse, { code, body, warnings }: Answer): void {
  for (const warning of warnings) response.appendHeader('warning', `299 - ${JSON.stringify(warning)}`);
  sendJson(response, code, body);
}

function sendJson(response: ServerResponse, code: number, body: JsonObject, type = 'application/json'): void {
  if (response.headersSent) {
    // A stream that failed half-way: the client must see it break, not end.
    response.destroy();
    return;
  }
  const text = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(code, { 'content-type': type, 'content-length': text.length }).end(text);
}
