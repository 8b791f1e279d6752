import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refusal } from '@kubecity/protocol';
import { RefusedPeer } from './refusal.ts';

/** What each refusal is over HTTP. */
const STATUS: Record<Refusal, number> = {
  unauthenticated: 401,
  forbidden: 403,
  origin: 403,
  'not-found': 404,
  conflict: 409,
  'would-empty': 409,
  'protocol-version': 422,
  'invalid-message': 422,
  'invalid-request': 422,
  'rate-limited': 429,
  'api-unavailable': 503,
};

export const statusOf = (code: Refusal): number => STATUS[code];

/** Bytes of a request's body. The largest one names some thousand pods. */
const MOST_BYTES = 64 * 1024;

/** @throws RefusedPeer `invalid-message` for a body that is too large or no JSON */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new RefusedPeer('invalid-message', 'the body must be of type application/json');
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new RefusedPeer('invalid-message', `the body has more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    // the fault's words would repeat what was sent
    throw new RefusedPeer('invalid-message', 'the body is no JSON');
  }
}

export function sendText(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  sendText(response, status, 'application/json', `${JSON.stringify(body)}\n`);
}

export function sendRefusal(
  response: ServerResponse,
  { message, data: { code } }: RefusedPeer,
  more: object = {},
): void {
  // what is left of a body that nobody reads would be taken for the next request
  if (code === 'invalid-message') response.setHeader('Connection', 'close');
  sendJson(response, statusOf(code), { ok: false, code, message, ...more });
}

/** Always another page of ours. */
export function redirect(response: ServerResponse, to: string): void {
  response.writeHead(303, { Location: to, 'Cache-Control': 'no-store' }).end();
}

/** A path on this site, or the map: where somebody wanted to go must lead to no other site. */
export function localPath(text: string | null): string {
  if (!text?.startsWith('/') || !URL.canParse(text, SITE)) return '/';
  const url = new URL(text, SITE);
  return url.origin === SITE ? url.pathname + url.search : '/';
}
const SITE = 'http://kubecity.invalid';
