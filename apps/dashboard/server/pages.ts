import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { sendText } from './http-answer.ts';
import type { Hub } from './hub.ts';

export interface PageOptions {
  /** Its doorkeeper answers what is not a page, and says who may see those. Undefined: everybody may. */
  readonly hub: () => Hub | undefined;
  /** Renders everything that is not one of our own addresses. */
  readonly render: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** The development server evaluates code and speaks over its own sockets. */
  readonly dev: boolean;
  /** `/healthz`, `/livez` and `/metrics` are answered here too: where nobody from another machine comes by. Default true. */
  readonly withOperations?: boolean;
}

/** Gives pages and API their security headers, and the pages to whom the doorkeeper lets pass. */
export function pages({ hub, render, dev, withOperations = true }: PageOptions): RequestListener {
  return async (request, response) => {
    if (withOperations && (await operate(hub(), request, response))) return;
    const policy = contentSecurityPolicy(randomBytes(16).toString('base64'), dev);
    // Next.js takes the nonce for its inline scripts from the policy in the request
    request.headers['content-security-policy'] = policy;
    response.setHeader('Content-Security-Policy', policy);
    for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
    if (await hub()?.keep(request, response)) return;
    await render(request, response);
  };
}

/** `/healthz`, `/livez` and `/metrics` on a listener of their own. */
export function operations(hub: () => Hub | undefined): RequestListener {
  return async (request, response) => {
    if (!(await operate(hub(), request, response))) sendText(response, 404, 'text/plain', 'not found\n');
  };
}

async function operate(hub: Hub | undefined, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const path = request.url?.split('?', 1)[0];
  if (path === '/livez') sendText(response, 200, 'text/plain', 'ok\n');
  else if (path === '/healthz') health(hub, response);
  else if (path === '/metrics') await metrics(hub, response);
  else return false;
  return true;
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
  sendText(response, synced ? 200 : 503, 'application/json', `${JSON.stringify(body)}\n`);
}

async function metrics(hub: Hub | undefined, response: ServerResponse): Promise<void> {
  if (!hub) return sendText(response, 503, 'text/plain', 'starting\n');
  const { registry } = hub.metrics;
  sendText(response, 200, registry.contentType, await registry.metrics());
}
