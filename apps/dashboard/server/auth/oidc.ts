import type { IncomingMessage } from 'node:http';
import { type ActAs, KubeError } from '@kubecity/kube';
import * as openid from 'openid-client';
import { isLoopback } from '../origin.ts';
import { RefusedPeer } from '../refusal.ts';
import { type Named, ordinary } from './proxy-headers.ts';
import { randomSecret } from './session.ts';

export interface OidcSettings {
  readonly issuer: URL;
  readonly clientId: string;
  /** Absent: a public client; PKCE protects the code either way. */
  readonly clientSecret?: string;
  readonly scopes: string;
  /**
   * `token`: the ID token is the person's bearer token, for a cluster that knows the issuer, as with kubectl.
   * `impersonate`: the dashboard's own right, with names from the claims.
   */
  readonly actsAs: 'token' | 'impersonate';
  readonly usernameClaim: string;
  readonly usernamePrefix: string;
  readonly groupsClaim: string;
  readonly groupsPrefix: string;
}

/** One round trip to the issuer. */
interface Trip {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  /** Where the person wanted to go. */
  readonly to: string;
  readonly until: number;
}

const TRIP_MILLISECONDS = 10 * 60_000;
const MOST_TRIPS = 1000;
/** A token that ends within this is renewed first: a request with it may take as long. */
const RENEW_BEFORE = 60_000;
/** Seconds that an issuer may take. */
const ISSUER_SECONDS = 10;

/** Sign-in at an OpenID Connect issuer: authorization code with PKCE, state and nonce. */
export class Oidc {
  readonly #settings: OidcSettings;
  readonly #redirect: string;
  readonly #now: () => number;
  readonly #trips = new Map<string, Trip>();
  #known: Promise<openid.Configuration> | undefined;

  /** @param publicUrl where browsers reach the dashboard */
  constructor(settings: OidcSettings, publicUrl: URL, now: () => number) {
    this.#settings = settings;
    this.#redirect = new URL('/api/v1/oidc/callback', publicUrl).href;
    this.#now = now;
  }

  /** Where to send the browser, and the secret that its cookie must bring back. Rejects when the issuer is away. */
  async start(to: string): Promise<{ readonly url: URL; readonly trip: string }> {
    const issuer = await this.#issuer();
    const [verifier, state, nonce] = [openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()];
    const trip = randomSecret();
    this.#trips.set(trip, { verifier, state, nonce, to, until: this.#now() + TRIP_MILLISECONDS });
    if (this.#trips.size > MOST_TRIPS) this.#trips.delete(this.#trips.keys().next().value as string);
    const url = openid.buildAuthorizationUrl(issuer, {
      redirect_uri: this.#redirect,
      scope: this.#settings.scopes,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    });
    return { url, trip };
  }

  /** @throws RefusedPeer when the browser brings no trip of ours; Error with what is wrong with the issuer's answer */
  async finish(
    request: IncomingMessage,
    trip: string | undefined,
  ): Promise<{ readonly login: OidcLogin; readonly to: string }> {
    const begun = trip === undefined ? undefined : this.#trips.get(trip);
    if (trip !== undefined) this.#trips.delete(trip);
    if (begun === undefined || this.#now() > begun.until) {
      throw new RefusedPeer('unauthenticated', 'this sign-in was not begun in this browser, or too long ago');
    }
    const issuer = await this.#issuer();
    const tokens = await openid.authorizationCodeGrant(issuer, new URL(request.url ?? '', this.#redirect), {
      pkceCodeVerifier: begun.verifier,
      expectedState: begun.state,
      expectedNonce: begun.nonce,
      idTokenExpected: true,
    });
    return { login: new OidcLogin(this.#settings, issuer, tokens, this.#now), to: begun.to };
  }

  /** Asked for when it is first needed, and again after a failure: an issuer that is away keeps nobody from starting. */
  #issuer(): Promise<openid.Configuration> {
    this.#known ??= discover(this.#settings).catch((error: unknown) => {
      this.#known = undefined;
      throw error;
    });
    return this.#known;
  }
}

function discover({ issuer, clientId, clientSecret }: OidcSettings): Promise<openid.Configuration> {
  const authentication = clientSecret === undefined ? openid.None() : openid.ClientSecretBasic(clientSecret);
  // the signature is checked although the token comes straight from the issuer: whom we impersonate hangs on it
  const execute = [openid.enableNonRepudiationChecks];
  if (issuer.protocol === 'http:' && isLoopback(issuer.hostname)) execute.push(openid.allowInsecureRequests);
  return openid.discovery(issuer, clientId, undefined, authentication, { execute, timeout: ISSUER_SECONDS });
}

type Tokens = Awaited<ReturnType<typeof openid.authorizationCodeGrant>>;

/** What the issuer said of a person, renewed while it lets us. */
export class OidcLogin {
  readonly #settings: OidcSettings;
  readonly #issuer: openid.Configuration;
  readonly #now: () => number;
  #idToken: string;
  #refreshToken: string | undefined;
  /** Unix ms at which the ID token ends. */
  #until: number;
  #renewing: Promise<void> | undefined;
  readonly #named: Named;

  /** @throws RefusedPeer when the claims name nobody we act as */
  constructor(settings: OidcSettings, issuer: openid.Configuration, tokens: Tokens, now: () => number) {
    this.#settings = settings;
    this.#issuer = issuer;
    this.#now = now;
    this.#idToken = tokens.id_token ?? '';
    this.#refreshToken = tokens.refresh_token;
    this.#until = (tokens.claims()?.exp ?? 0) * 1000;
    this.#named = namedBy(settings, tokens);
  }

  /**
   * For `KubeClient.as`. Renews what is about to end.
   * @throws KubeError `unauthorized` when the issuer does not go on with this person, `unreachable` when it is away
   */
  async identity(): Promise<ActAs> {
    if (this.#now() >= this.#until - RENEW_BEFORE) {
      this.#renewing ??= this.#renew().finally(() => {
        this.#renewing = undefined;
      });
      await this.#renewing;
    }
    return this.#settings.actsAs === 'token' ? { token: this.#idToken } : this.#named;
  }

  async #renew(): Promise<void> {
    const over = (why: string, cause?: unknown) => new KubeError('unauthorized', 'renew the sign-in', why, { cause });
    if (this.#refreshToken === undefined) {
      if (this.#now() < this.#until) return;
      throw over('the issuer gave no refresh token, and the ID token is over');
    }
    try {
      const tokens = await openid.refreshTokenGrant(this.#issuer, this.#refreshToken, { scope: this.#settings.scopes });
      const claims = tokens.claims();
      if (claims === undefined) throw over('the issuer renewed no ID token');
      if (!sameNames(this.#named, namedBy(this.#settings, tokens))) throw over('user or groups are not what they were');
      this.#idToken = tokens.id_token ?? '';
      this.#refreshToken = tokens.refresh_token ?? this.#refreshToken;
      this.#until = claims.exp * 1000;
    } catch (error) {
      if (error instanceof KubeError) throw error;
      if (error instanceof RefusedPeer) throw over(error.message);
      if (error instanceof openid.ResponseBodyError) throw over(`the issuer answers ${error.error}`);
      if (this.#now() < this.#until) return;
      // its message alone: what hangs on it may be a token
      throw new KubeError('unreachable', 'renew the sign-in', `the issuer cannot be asked (${messageOf(error)})`);
    }
  }
}

/** User and groups, from the claims as kube-apiserver reads them. @throws RefusedPeer */
function namedBy({ usernameClaim, usernamePrefix, groupsClaim, groupsPrefix }: OidcSettings, tokens: Tokens): Named {
  const claims = tokens.claims() ?? {};
  const refused = (what: string) => new RefusedPeer('forbidden', `the ID token’s claim ${what}`);
  const user = (claims as Record<string, unknown>)[usernameClaim];
  if (typeof user !== 'string' || user === '') throw refused(`${usernameClaim} names no user`);
  if (usernameClaim === 'email' && (claims as Record<string, unknown>).email_verified === false) {
    throw refused('email_verified says that nobody verified the address');
  }
  const given = (claims as Record<string, unknown>)[groupsClaim] ?? [];
  const groups = typeof given === 'string' ? [given] : given;
  if (!Array.isArray(groups) || groups.some((group) => typeof group !== 'string')) {
    throw refused(`${groupsClaim} is no list of names`);
  }
  return ordinary({ user: usernamePrefix + user, groups: groups.map((group) => groupsPrefix + group) });
}

const sameNames = (a: Named, b: Named): boolean =>
  a.user === b.user && JSON.stringify([...a.groups].sort()) === JSON.stringify([...b.groups].sort());

/** What went wrong with the issuer, in words without anything that it sent. */
export function messageOf(error: unknown): string {
  if (error instanceof openid.ResponseBodyError) return `${error.status} ${error.error}`;
  if (error instanceof openid.AuthorizationResponseError) return error.error;
  return error instanceof Error ? error.message : String(error);
}
