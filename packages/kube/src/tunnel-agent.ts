import type { AgentOptions, ClientRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { Agent, request as httpRequest } from './http.ts';

type TunnelOptions = Pick<AgentOptions, 'keepAlive' | 'keepAliveMsecs'> & {
  /** Of the target. */
  readonly protocol: 'http:' | 'https:';
  /** Milliseconds that the proxy may take. */
  readonly timeout: number;
};

/**
 * Connections through the CONNECT of an HTTP or HTTPS proxy. The TLS options are for the target alone; an HTTPS proxy is
 * verified with what Node trusts. An answer that opens no tunnel is an Error that names the proxy.
 */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;
  readonly #options: TunnelOptions;
  readonly #opening = new Set<ClientRequest>();

  constructor(proxy: string, options: TunnelOptions) {
    super({ ...options, defaultPort: options.protocol === 'https:' ? 443 : 80 });
    this.#proxy = new URL(proxy);
    this.#options = options;
  }

  override createConnection(
    options: RequestOptions,
    callback: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const request = this.#connect(options);
    const failed = (detail: string, cause?: Error) => {
      const error = new Error(`proxy ${this.#proxy.host}: ${detail}`, { cause });
      // the agent looks at the error only
      callback(error, undefined as unknown as Duplex);
    };
    const opened = () => this.#opening.delete(request);
    request.once('connect', ({ statusCode = 0, statusMessage }, socket) => {
      opened();
      socket.setTimeout(0);
      if (statusCode < 300) return callback(null, this.#secured(options, socket));
      socket.destroy();
      failed(`it answered ${statusCode} ${statusMessage}`);
    });
    request.once('timeout', () => request.destroy(new Error('it gave no answer')));
    request.on('error', (cause) => failed(cause.message || cause.name, cause));
    request.once('close', opened);
    this.#opening.add(request);
    request.end();
  }

  override destroy(): void {
    super.destroy();
    for (const request of this.#opening) request.destroy();
  }

  #secured(target: RequestOptions, socket: Duplex): Duplex {
    if (this.#options.protocol === 'http:') return socket;
    return connectTls({ ...(target as ConnectionOptions), socket });
  }

  #connect({ host, port }: RequestOptions): ClientRequest {
    const { protocol, hostname, port: proxyPort, username, password } = this.#proxy;
    const target = `${isIP(host ?? '') === 6 ? `[${host}]` : host}:${port}`;
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const send = protocol === 'https:' ? httpsRequest : httpRequest;
    const name = hostname.replace(/^\[(.*)\]$/, '$1');
    const { keepAlive, keepAliveMsecs, timeout } = this.#options;
    const tcp = { keepAlive, keepAliveInitialDelay: keepAliveMsecs };
    return send({
      ...tcp,
      timeout,
      agent: false,
      host: name,
      port: proxyPort || undefined,
      // not that of the target, which Node would take from the header
      servername: isIP(name) === 0 ? name : '',
      method: 'CONNECT',
      path: target,
      headers: {
        host: target,
        connection: 'keep-alive',
        ...(username && { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
    });
  }
}
