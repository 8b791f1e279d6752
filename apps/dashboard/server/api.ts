import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { z } from 'zod';
import { firstFault } from './agents-door.ts';
import type { Admitted, Gate } from './auth/gate.ts';
import type { Person } from './auth/person.ts';
import { localPath, readJson, redirect, sendJson, sendRefusal, sendText, statusOf } from './http-answer.ts';
import { KeyedLimit } from './keyed-limit.ts';
import type { HubMetrics } from './metrics.ts';
import { sameSite } from './origin.ts';
import { RefusedPeer } from './refusal.ts';
import { sameSecret } from './secret.ts';
import type { SteerDoor } from './steer-door.ts';

/** The audit trail as text. Times are Unix ms. */
export type AuditExport = (query: {
  readonly since?: number;
  readonly until?: number;
  readonly format: 'json' | 'csv';
}) => Promise<string>;

export interface ApiOptions {
  readonly gate: Gate;
  readonly steer: SteerDoor;
  readonly audit: AuditExport;
  readonly log: Logger;
  readonly metrics: HubMetrics;
  readonly now: () => number;
}

/** Answers everything below `/api/`, and addresses that are none (`null`). Never rejects. */
export type Api = (request: IncomingMessage, response: ServerResponse, url: URL | null) => Promise<void>;

/** The other half of a session: a page of another site can send our cookie, but not this. */
const CSRF = 'x-kubecity-csrf';
const EXPORTS = { perSecond: 0.5, burst: 10 };

const loginBody = z.strictObject({ token: z.string().trim().min(1).max(16_384) });
const time = z.coerce.number().int().min(0).optional();
const auditQuery = z.strictObject({ since: time, until: time, format: z.enum(['json', 'csv']).default('json') });

export function api(options: ApiOptions): Api {
  const { gate, steer, audit, log, metrics, now } = options;
  const exports = new KeyedLimit(EXPORTS.perSecond, EXPORTS.burst);

  type Handler = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;
  const routes: Readonly<Record<string, Handler>> = {
    'GET /api/v1/session': async (request, response) => {
      requireOrigin(request);
      const { session } = await admit(request);
      sendJson(response, 200, { session: session.told(), csrf: session.csrf });
    },
    'POST /api/v1/login': async (request, response) => {
      requireOrigin(request);
      const { token } = parsed(loginBody, await readJson(request));
      const { session, cookie } = await gate.signInWithToken(request, token);
      response.setHeader('Set-Cookie', cookie);
      sendJson(response, 200, { session: session.told(), csrf: session.csrf });
    },
    'POST /api/v1/logout': async (request, response) => {
      const { session } = await admitChange(request);
      response.setHeader('Set-Cookie', gate.signOut(request, session));
      sendJson(response, 200, { ok: true });
    },
    'POST /api/v1/steer': async (request, response) => {
      const { session } = await admitChange(request);
      const answer = await steer(session.person, await readJson(request));
      sendJson(response, answer.ok ? 200 : statusOf(answer.code), answer);
    },
    'GET /api/v1/audit': async (request, response, url) => {
      requireOrigin(request);
      const { session } = await admit(request);
      limited(session.person);
      const query = parsed(auditQuery, Object.fromEntries(url.searchParams));
      const text = await audit(query);
      response.setHeader('Content-Disposition', `attachment; filename="kubecity-changes.${query.format}"`);
      sendText(response, 200, query.format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json', text);
    },
    'GET /api/v1/metrics': async (request, response) => {
      requireOrigin(request);
      const { session } = await admit(request);
      limited(session.person);
      sendText(response, 200, metrics.registry.contentType, await metrics.registry.metrics());
    },
    'GET /api/v1/oidc/start': async (request, response, url) => {
      const { url: issuer, cookie } = await gate.startOidc(request, localPath(url.searchParams.get('to')));
      response.setHeader('Set-Cookie', cookie);
      redirect(response, issuer.href);
    },
    'GET /api/v1/oidc/callback': async (request, response) => {
      const { cookie, tripCookie, to } = await gate.finishOidc(request);
      response.setHeader('Set-Cookie', [cookie, tripCookie]);
      sendText(response, 200, 'text/html; charset=utf-8', onward(to));
    },
  };

  /** What is dear to answer. */
  function limited({ user, how }: Person): void {
    if (exports.admit(`${how}:${user}`, now())) return;
    throw new RefusedPeer('rate-limited', 'Too many requests. Wait a moment.');
  }

  /** A request that changes something: by a person, from a page of ours. */
  async function admitChange(request: IncomingMessage): Promise<Admitted> {
    const admitted = await admit(request);
    // also with a token: a proxy may add it to whatever a browser sends
    requireOrigin(request);
    if (admitted.by === 'bearer') return admitted;
    const shown = request.headers[CSRF];
    if (typeof shown === 'string' && sameSecret(shown, admitted.session.csrf)) return admitted;
    throw new RefusedPeer('origin', `the header ${CSRF} is not what GET /api/v1/session says in csrf`);
  }

  const admit = (request: IncomingMessage) => gate.admit(request);

  function requireOrigin(request: IncomingMessage): void {
    if (!sameSite(request, gate.site)) throw new RefusedPeer('origin', 'this is a request of another site');
  }

  return async (request, response, url) => {
    try {
      const handler = url && routes[`${request.method} ${url.pathname}`];
      if (!handler) throw new RefusedPeer('not-found', 'There is nothing at this address.');
      await handler(request, response, url);
    } catch (error) {
      const refused = error instanceof RefusedPeer ? error : failed(error);
      const { code } = refused.data;
      metrics.refused.inc({ door: 'http', code });
      if (response.headersSent) response.destroy();
      else if (url?.pathname.startsWith('/api/v1/oidc/')) redirect(response, `/login?why=${code}`);
      else sendRefusal(response, refused, code === 'unauthenticated' ? { ways: gate.ways } : {});
    }
  };

  function failed(error: unknown): RefusedPeer {
    log.error({ err: error }, 'a request failed');
    return new RefusedPeer('api-unavailable', 'The dashboard failed; its log says why.');
  }
}

function parsed<T>(schema: z.ZodType<T>, raw: unknown): T {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  throw new RefusedPeer('invalid-message', firstFault(result.error));
}

/**
 * The way on after the issuer sent the browser back. A redirect would still be the issuer's, and a cookie that is strictly
 * ours would not go with it; a page that leads on is our own.
 */
function onward(to: string): string {
  const path = to.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${path}"><title>Kubecity</title><p>Signed in. <a href="${path}">Go on to the map</a></p></html>`;
}
