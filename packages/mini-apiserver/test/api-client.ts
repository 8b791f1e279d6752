import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MiniApiServer, type MiniApiServerOptions, startMiniApiServer } from '../src/index.ts';
import type { JsonObject } from '../src/object.ts';

export interface Reply {
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
  readonly warnings: string | undefined;
}

export interface Api {
  readonly server: MiniApiServer;
  readonly socketPath: string;
  call(method: string, path: string, body?: unknown, contentType?: string, accept?: string): Promise<Reply>;
  /** The same door as somebody else: by a bearer token, or with headers of impersonation. */
  as(who: string | Headers): Caller;
  /** Starts a watch; `next` waits for the coming event, undefined at the end of the stream. */
  watch(path: string, accept?: string): Watching;
  close(): Promise<void>;
}

export type Headers = Readonly<Record<string, string | string[]>>;
export type Caller = (method: string, path: string, body?: unknown, contentType?: string) => Promise<Reply>;

export interface Watching {
  next(): Promise<{ type: string; object: JsonObject & { metadata: JsonObject } } | undefined>;
  stop(): void;
}

/** A server on a socket of its own, and the plainest client for it. */
export async function startApi(options: Partial<MiniApiServerOptions> = {}): Promise<Api> {
  const folder = mkdtempSync(join(tmpdir(), 'mini-api-'));
  const socketPath = join(folder, 'api.sock');
  const server = await startMiniApiServer({ socketPath, firstRevision: 100, ...options });
  return {
    server,
    socketPath,
    call: (method, path, body, contentType, accept) => call(socketPath, method, path, body, contentType, accept),
    as: (who) => {
      const more = typeof who === 'string' ? { authorization: `Bearer ${who}` } : who;
      return (method, path, body, contentType) => call(socketPath, method, path, body, contentType, undefined, more);
    },
    watch: (path, accept) => watch(socketPath, path, accept),
    close: async () => {
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function call(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  contentType = 'application/json',
  accept = 'application/json',
  more: Headers = {},
): Promise<Reply> {
  const sent = body === undefined ? '' : Buffer.isBuffer(body) ? body : JSON.stringify(body);
  // Without the length Node would send the body of a DELETE unframed.
  const headers = { 'content-type': contentType, 'content-length': Buffer.byteLength(sent), accept, ...more };
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = incoming.headers['content-type']?.startsWith('application/json');
        resolve({
          code: incoming.statusCode ?? 0,
          body: isJson ? JSON.parse(text) : text,
          warnings: incoming.headers.warning,
        });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(sent);
  });
}

function watch(socketPath: string, path: string, accept = 'application/json'): Watching {
  const outgoing = request({ socketPath, path, headers: { accept } });
  // Asked for at once: the response may come before the first `next`.
  const answered = new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
  });
  const lines = readLines(answered);
  outgoing.end();
  return {
    next: async () => {
      const { value, done } = await lines.next();
      return done ? undefined : JSON.parse(value);
    },
    stop: () => outgoing.destroy(),
  };
}

async function* readLines(answered: Promise<AsyncIterable<Buffer>>): AsyncGenerator<string, undefined> {
  let rest = '';
  for await (const chunk of await answered) {
    rest += chunk.toString();
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  return undefined;
}

export const service = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
});

export const pod = (name: string, labels: Record<string, string> = {}, nodeName = 'n1') => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: {
    nodeName,
    containers: [{ name: 'main', image: 'web:1', ports: [{ name: 'web', containerPort: 8080 }] }],
  },
});

export const ready = (ip: string, status = 'True') => ({
  status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status }] },
});
