import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Hub } from './hub.ts';

export interface PageOptions {
  readonly hub: () => Hub | undefined;
  /** Renders everything that is not one of our own addresses. */
  readonly render: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** The development server evaluates code and speaks over its own sockets. */
  readonly dev: boolean;
}

/** Answers `/healthz`, `/livez` and `/metrics`, and gives the pages their security headers. */
export function pages({ hub, render, dev }: PageOptions): RequestListener {
  return async (request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path === '/livez') return answer(response, 200, 'text/plain', 'ok\n');
    if (path === '/healthz') return health(hub(), response);
    if (path === '/metrics') return metrics(hub(), response);
    const policy = contentSecurityPolicy(randomBytes(16).toString('base64'), dev);
    // Next.js takes the nonce for its inline scripts from the policy in the request
    request.headers['content-security-policy'] = policy;
    response.setHeader('Content-Security-Policy', policy);
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    await render(request, response);
  };
}

const PAGE_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
};

/** Inline styles stay allowed: the libraries of the page place their parts with style attributes. */
export function contentSecurityPolicy(nonce: string, dev: boolean): string {
  return [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${dev ? " 'unsafe-eval'" : ''}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Ready once the cluster was read; without the API afterwards the map still shows, and says so. */
function health(hub: Hub | undefined, response: ServerResponse): void {
  const synced = hub?.synced() ?? false;
  const body = { synced, api: hub?.live() ? 'live' : 'reconnecting', agents: hub?.agents() };
  answer(response, synced ? 200 : 503, 'application/json', `${JSON.stringify(body)}\n`);
}

async function metrics(hub: Hub | undefined, response: ServerResponse): Promise<void> {
  if (!hub) return answer(response, 503, 'text/plain', 'starting\n');
  const { registry } = hub.metrics;
  answer(response, 200, registry.contentType, await registry.metrics());
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
}
