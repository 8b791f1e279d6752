import type { Agent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent, type RequestOptions } from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { http } from './http.ts';
import type { HubTrust } from './hub-trust.ts';

/** Connections that end at a Unix socket, whatever address is asked for. */
export function socketRoad(path: string): Agent {
  const agent = new http.Agent();
  agent.createConnection = () => net.connect({ path });
  return agent;
}

/**
 * Connections over TLS to whoever has one of the certificates that are trusted. A dashboard that was started again has
 * another one: it is learned at once, and the same connection is tried a second time.
 */
export function trustingRoad(trust: HubTrust): Agent {
  return new TrustingAgent(trust);
}

/** Node calls it with a socket or an error; its type asks for both. */
type Connected = (error: Error | null, socket: Duplex) => void;

class TrustingAgent extends HttpsAgent {
  readonly #trust: HubTrust;

  constructor(trust: HubTrust) {
    // a session that is taken up again would look at no certificate
    super({ maxCachedSessions: 0 } satisfies AgentOptions);
    this.#trust = trust;
  }

  override createConnection(options: RequestOptions, connected?: Connected): undefined {
    this.#open(options as tls.ConnectionOptions).then(
      (socket) => connected?.(null, socket),
      (error: Error) => connected?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  }

  async #open(options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
    const ca = await this.#trust.certificates();
    try {
      return await secured({ ...options, ca });
    } catch (error) {
      if (!isDistrust(error)) throw error;
      this.#trust.doubt();
      const now = await this.#trust.certificates();
      if (now === ca) throw new Error(`the dashboard has a certificate that is not trusted: ${error.message}`);
      return await secured({ ...options, ca: now });
    }
  }
}

function secured(options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<tls.TLSSocket>();
  const socket = tls.connect(options);
  socket.once('error', reject).once('secureConnect', () => {
    socket.off('error', reject);
    resolve(socket);
  });
  return promise;
}

/** OpenSSL's words for a chain that does not end in what is trusted, and Node's for a name that is not in the certificate. */
const DISTRUST =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT_|INVALID_CA|CERTIFICATE_VERIFY)/;

function isDistrust(error: unknown): error is Error {
  return error instanceof Error && DISTRUST.test((error as NodeJS.ErrnoException).code ?? '');
}
