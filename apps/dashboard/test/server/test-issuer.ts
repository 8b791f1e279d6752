import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export const CLIENT = { id: 'kubecity', secret: 'secret-of-the-oidc-client' };

interface Granted {
  readonly challenge: string;
  readonly nonce: string;
  readonly redirect: string;
}

/** An OpenID Connect issuer that takes everybody for the same person, and checks what an issuer checks. */
export class TestIssuer {
  /** Claims of whoever signs in next. */
  person: JWTPayload = { sub: 'u-1', email: 'vera@shop.example', groups: ['readers'] };
  /** Seconds that an ID token is good for. */
  lifetime = 300;
  /** In place of the nonce that it was sent. */
  nonce: string | undefined;
  refreshes = 0;
  /** It knows nobody any more. */
  closed = false;
  /** Everything secret that it ever gave. */
  readonly given: string[] = [];
  readonly #codes = new Map<string, Granted>();
  #refreshToken = '';
  #key: CryptoKey | undefined;
  #jwk: object = {};
  #server: Server | undefined;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('RS256');
    this.#key ??= privateKey;
    if (this.#key === privateKey) this.#jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256', use: 'sig' };
    this.#server = createServer(async (request, response) => {
      const [status, body] = await this.#answer(request);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    await once(this.#server.listen(this.#port, '127.0.0.1'), 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
    this.#server = undefined;
  }

  /** What the person's browser does there: it comes back with a code. */
  approve(address: string): URL {
    const { searchParams } = new URL(address);
    const of = (name: string) => searchParams.get(name) ?? '';
    if (of('code_challenge_method') !== 'S256' || of('client_id') !== CLIENT.id) throw new Error('a bad request');
    const code = this.#secret();
    this.#codes.set(code, { challenge: of('code_challenge'), nonce: of('nonce'), redirect: of('redirect_uri') });
    const back = new URL(of('redirect_uri'));
    back.search = new URLSearchParams({ code, state: of('state') }).toString();
    return back;
  }

  async #answer(request: IncomingMessage): Promise<[number, object]> {
    if (request.url === '/.well-known/openid-configuration') {
      const endpoints = { authorization_endpoint: `${this.url}/authorize`, token_endpoint: `${this.url}/token` };
      const algorithms = { id_token_signing_alg_values_supported: ['RS256'], response_types_supported: ['code'] };
      return [200, { issuer: this.url, jwks_uri: `${this.url}/keys`, ...endpoints, ...algorithms }];
    }
    if (request.url === '/keys') return [200, { keys: [this.#jwk] }];
    const form = new URLSearchParams(await text(request));
    // both halves are form-encoded before they are joined (RFC 6749, 2.3.1)
    const [, basic = ''] = request.headers.authorization?.split(' ') ?? [];
    const [id, secret] = Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent);
    if (id !== CLIENT.id || secret !== CLIENT.secret) return [401, { error: 'invalid_client' }];
    if (form.get('grant_type') === 'refresh_token') return this.#refresh(form.get('refresh_token') ?? '');
    const granted = this.#codes.get(form.get('code') ?? '');
    this.#codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const good = granted?.challenge === challenge && granted.redirect === form.get('redirect_uri');
    return good ? [200, await this.#tokens(this.nonce ?? granted.nonce)] : [400, { error: 'invalid_grant' }];
  }

  async #refresh(token: string): Promise<[number, object]> {
    if (this.closed || token !== this.#refreshToken) return [400, { error: 'invalid_grant' }];
    this.refreshes++;
    return [200, await this.#tokens(undefined)];
  }

  async #tokens(nonce: string | undefined): Promise<object> {
    this.#refreshToken = this.#secret();
    const id_token = await new SignJWT({ ...this.person, nonce })
      .setProtectedHeader({ alg: 'RS256', kid: 'k' })
      .setIssuer(this.url)
      .setAudience(CLIENT.id)
      .setIssuedAt()
      .setJti(randomUUID())
      .setExpirationTime(`${this.lifetime} s`)
      .sign(this.#key as CryptoKey);
    this.given.push(id_token);
    return { access_token: this.#secret(), token_type: 'Bearer', id_token, refresh_token: this.#refreshToken };
  }

  #secret(): string {
    const secret = randomUUID();
    this.given.push(secret);
    return secret;
  }
}
