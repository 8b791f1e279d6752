import type { IncomingMessage } from 'node:http';
import { quoted } from '../quoted.ts';
import { ApiError } from '../status.ts';
import type { Identity } from './identity.ts';
import { ISSUER, type ServiceAccountTokens, TokenError, type TokenHolder } from './service-account-tokens.ts';
import type { Users } from './users.ts';

/** Audiences of this server itself. */
export const API_AUDIENCES: readonly string[] = [ISSUER];

/** Finds out who comes with a bearer token: a user that the server was started with, or a ServiceAccount. */
export class Authenticator {
  readonly #users: Users;
  readonly #tokens: ServiceAccountTokens;

  constructor(users: Users, tokens: ServiceAccountTokens) {
    this.#users = users;
    this.#tokens = tokens;
  }

  /**
   * Who holds `token`, with those of `audiences` that it was made for; undefined for a token of nobody.
   * @throws TokenError for one of ours that is no longer good, or for others
   */
  holder(token: string, audiences: readonly string[]): TokenHolder | undefined {
    const user = this.#users.byToken(token);
    const found = user === undefined ? this.#tokens.read(token) : { identity: user, audiences: API_AUDIENCES };
    if (found === undefined) return undefined;
    const meant = audiences.filter((audience) => found.audiences.includes(audience));
    if (meant.length > 0) return { identity: found.identity, audiences: meant };
    const [given, wanted] = [quoted(found.audiences), quoted(audiences)];
    throw new TokenError(`token audiences ${given} is invalid for the target audiences ${wanted}`);
  }

  /** @throws ApiError Unauthorized */
  authenticate(request: IncomingMessage): Identity {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    if (scheme?.toLowerCase() !== 'bearer' || !token) throw unauthorized();
    try {
      const found = this.holder(token, API_AUDIENCES);
      if (found !== undefined) return found.identity;
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      throw unauthorized(error);
    }
    throw unauthorized();
  }
}

const unauthorized = (cause?: Error) => new ApiError('Unauthorized', 'Unauthorized', undefined, cause);
