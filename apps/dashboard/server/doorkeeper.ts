import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Api } from './api.ts';
import type { Gate } from './auth/gate.ts';
import { redirect, sendRefusal, sendText } from './http-answer.ts';
import { RefusedPeer } from './refusal.ts';

/** Takes a request before the pages do. True: it is answered. */
export type Doorkeeper = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** How the page learns what it may offer: a header of the request, as with the nonce. */
const WAYS = 'x-kubecity-ways';

/** The pages are for people with a session; whoever has none is led to the login page. What pages are made of is no secret. */
export function doorkeeper(gate: Gate, api: Api, log: Logger): Doorkeeper {
  return async (request, response) => {
    const url = addressOf(request);
    const path = url?.pathname ?? '';
    if (!url || path === '/api' || path.startsWith('/api/')) {
      await api(request, response, url);
      return true;
    }
    if (path.startsWith('/_next/') || path === '/icon.svg') return false;
    if (path === '/login') {
      if (gate.local) redirect(response, '/');
      else request.headers[WAYS] = gate.ways.join(',');
      return gate.local;
    }
    return !(await letIn(gate, request, response, url, log));
  };
}

/** `null` for what names another host: whatever follows might read it otherwise than we do. */
function addressOf({ url = '/' }: IncomingMessage): URL | null {
  const parsed = URL.parse(url, SITE);
  return parsed?.origin === SITE ? parsed : null;
}
const SITE = 'http://kubecity.invalid';

async function letIn(
  gate: Gate,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  log: Logger,
): Promise<boolean> {
  try {
    await gate.admit(request);
    return true;
  } catch (error) {
    if (!(error instanceof RefusedPeer)) {
      log.error({ err: error }, 'a request failed');
      sendText(response, 500, 'text/plain', 'The dashboard failed; its log says why.\n');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') sendRefusal(response, error);
    else redirect(response, loginFor(error, url));
    return false;
  }
}

/** The login page, told why and where the person wanted to go. */
function loginFor({ data: { code } }: RefusedPeer, { pathname, search }: URL): string {
  const query = new URLSearchParams();
  if (code !== 'unauthenticated') query.set('why', code);
  if (pathname !== '/' || search !== '') query.set('to', pathname + search);
  return query.size === 0 ? '/login' : `/login?${query}`;
}
