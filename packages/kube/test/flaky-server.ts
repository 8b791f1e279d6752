import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/**
 * An API server that does exactly what the test says, request by request: each request takes the next answer of the
 * script, and waits for one when there is none. A real server cannot be made to break at a given byte.
 */
export class FlakyServer {
  readonly directory = mkdtempSync(join(tmpdir(), 'kubecity-kube-'));
  readonly socketPath = join(this.directory, 'api.sock');
  /** `GET /path?query` of each request, in order. */
  readonly requests: string[] = [];
  readonly bodies: string[] = [];
  #answers: Answer[] = [];
  #waiting: ((answer: Answer) => void)[] = [];
  #server: Server | undefined;

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.listen(this.socketPath);
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    this.#waiting = [];
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.directory, { recursive: true });
  }

  answer(...answers: Answer[]): this {
    for (const answer of answers) {
      const waiting = this.#waiting.shift();
      if (waiting) waiting(answer);
      else this.#answers.push(answer);
    }
    return this;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${decodeURIComponent(request.url ?? '')}`);
    let body = '';
    for await (const chunk of request) body += chunk;
    this.bodies.push(body);
    const answer = this.#answers.shift() ?? (await new Promise<Answer>((resolve) => this.#waiting.push(resolve)));
    answer(response, request);
  }
}

export const json =
  (body: unknown, status = 200): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

export const refusal = (code: number, reason: string, message = reason) =>
  json({ kind: 'Status', status: 'Failure', reason, message, code }, code);

export const list = (resourceVersion: string, ...items: object[]) => json({ metadata: { resourceVersion }, items });

/** A watch that sends the pieces and then stays open, is ended, or is cut. */
export const watch =
  (pieces: (string | Buffer)[], end: 'open' | 'end' | 'cut' = 'open'): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    for (const piece of pieces) response.write(piece);
    if (end === 'end') response.end();
    // only after what was written has left
    if (end === 'cut') response.write('', () => response.destroy());
  };

export const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
