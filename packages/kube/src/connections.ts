import { addAbortListener } from 'node:events';
import type { Agent, AgentOptions, ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import { Agent as HttpAgent, request as httpRequest } from './http.ts';
import type { Identity } from './identity.ts';
import { TunnelAgent } from './tunnel-agent.ts';

/** Where connections lead and how they prove who is at either end. */
export type Route = Pick<Identity, 'origin' | 'proxy'> & {
  readonly tls?: Identity['tls'];
  /** A Unix socket, in place of the host of `origin`. */
  readonly socketPath?: string;
};

export interface HttpRequest {
  readonly method: string;
  /** Of the origin that the connections lead to. */
  readonly url: URL;
  /** A header with several values is sent as several lines. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Half a minute without the head of an answer is a dead server; how long its body takes is up to the caller's signal. */
const ANSWER_MILLISECONDS = 30_000;
const POOL = {
  keepAlive: true,
  /** Milliseconds to the first TCP keep-alive probe, as in client-go: load balancers drop idle connections after a minute. */
  keepAliveMsecs: 30_000,
  /** Milliseconds that an unused connection is kept, and that a proxy may take for a tunnel. Cuts no request under way. */
  timeout: 10_000,
} satisfies AgentOptions;

/** The kept-alive connections of one route. */
export class Connections {
  readonly #agent: Agent;
  readonly #send: typeof httpRequest | typeof httpsRequest;
  readonly #socketPath: string | undefined;
  /** One for each request whose answer has not ended: ends it. */
  readonly #running = new Set<(why: Error) => void>();
  /** Set: there are no more requests. */
  #end: Error | undefined;

  constructor({ origin, socketPath, proxy, tls }: Route) {
    const protocol = origin.startsWith('https:') ? 'https:' : 'http:';
    this.#send = protocol === 'https:' ? httpsRequest : httpRequest;
    this.#socketPath = socketPath;
    if (proxy !== undefined) this.#agent = new TunnelAgent(proxy, { ...POOL, ...tls, protocol });
    else this.#agent = protocol === 'https:' ? new HttpsAgent({ ...POOL, ...tls }) : new HttpAgent(POOL);
  }

  /** Requests under way. */
  get running(): number {
    return this.#running.size;
  }

  /**
   * Resolves with the head of the answer; its body is to be read or destroyed. Rejects with the reason of the signal, an
   * error of the system, or an Error when there is no answer for half a minute. The body fails with the same.
   */
  async request(request: HttpRequest): Promise<IncomingMessage> {
    for (;;) {
      request.signal?.throwIfAborted();
      if (this.#end) throw this.#end;
      const attempt = this.#open(request);
      try {
        return await this.#answer(attempt, request.signal);
      } catch (error) {
        // The server closed the connection while nobody used it, and the request crossed that on its way. Each such
        // failure takes one connection out of the pool, so this comes to a new one.
        const lost =
          attempt.reusedSocket && ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
        if (!lost || request.method !== 'GET') throw error;
      }
    }
  }

  /** Takes no more requests; those under way go on to their end. */
  retire(): void {
    this.#end ??= new Error('the connections are closed: there are newer ones');
    this.#agent.maxFreeSockets = 0;
    for (const socket of Object.values(this.#agent.freeSockets).flat()) socket?.destroy();
  }

  /** Ends everything; requests under way fail. */
  close(): void {
    this.#end = new Error('the client is closed');
    for (const stop of this.#running) stop(this.#end);
    this.#agent.destroy();
  }

  #open({ method, url, headers, body }: HttpRequest): ClientRequest {
    // as bytes: Node would write headers in the encoding of a text that goes with them
    const bytes = body === undefined ? undefined : Buffer.from(body);
    // Node sends no length of its own with a DELETE
    const length = bytes && { 'content-length': String(bytes.length) };
    const options: RequestOptions = {
      method,
      headers: { ...headers, ...length } as OutgoingHttpHeaders,
      agent: this.#agent,
    };
    if (this.#socketPath !== undefined) options.socketPath = this.#socketPath;
    return this.#send(url, options).end(bytes);
  }

  #answer(request: ClientRequest, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    let answer: IncomingMessage | undefined;
    const stop = (why: Error) => {
      // a request that waits for a tunnel would report its end only with the tunnel's
      reject(why);
      (answer ?? request).destroy(why);
      if (!answer) ended();
    };
    const late = setTimeout(() => {
      stop(new Error(`no answer within ${ANSWER_MILLISECONDS / 1000} s`));
    }, ANSWER_MILLISECONDS);
    const abort = signal && addAbortListener(signal, () => stop(signal.reason));
    const ended = () => {
      clearTimeout(late);
      abort?.[Symbol.dispose]();
      this.#running.delete(stop);
    };
    this.#running.add(stop);
    request.on('error', reject).once('close', ended);
    request.once('response', (message) => {
      clearTimeout(late);
      answer = message;
      resolve(message);
    });
    return promise;
  }
}
