import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ActAs, type KubeClient, KubeError } from '@kubecity/kube';
import type { Logger } from 'pino';
import { KeyedLimit } from '../keyed-limit.ts';
import type { Site } from '../origin.ts';
import { RefusedPeer } from '../refusal.ts';
import type { AuthSettings } from './auth-settings.ts';
import { Caller } from './caller.ts';
import { cookieText, readCookie } from './cookie.ts';
import { messageOf, Oidc } from './oidc.ts';
import type { Person } from './person.ts';
import { fromProxy, remotePerson } from './proxy-headers.ts';
import { Rights } from './rights.ts';
import { digestOf, type OpenSession, randomSecret, SessionBook } from './session.ts';

export interface GateOptions {
  readonly client: KubeClient;
  readonly settings: AuthSettings;
  /** Of the cluster: where somebody might steer. */
  readonly namespaces: () => readonly string[];
  readonly log: Logger;
  readonly now: () => number;
}

export interface Admitted {
  readonly session: OpenSession;
  /** `browser`: it proves itself by something that a browser adds to any request, so a change needs the CSRF secret. */
  readonly by: 'browser' | 'bearer';
}

/** A session that has just begun, and the cookie that proves it (for `Set-Cookie`). */
export interface SignedIn {
  readonly session: OpenSession;
  readonly cookie: string;
}

const SESSION = 'kubecity';
const TRIP = 'kubecity-sign-in';
const TRIP_SECONDS = 600;
/** Attempts to sign in from one address: each asks the cluster's API. */
const ATTEMPTS = { perSecond: 0.5, burst: 10 };
/** Nobody waits longer than this for rights that were known a minute ago. Milliseconds. */
const REFRESH_WAIT = 2000;
const TICK = 1000;
const LONGEST_TOKEN = 16_384;

/** Who is who. Everything that comes in, a page, a request, a socket, is asked here whose it is. */
export class Gate {
  readonly site: Site;
  readonly #options: GateOptions;
  readonly #book: SessionBook;
  readonly #attempts = new KeyedLimit(ATTEMPTS.perSecond, ATTEMPTS.burst);
  readonly #opening = new Map<string, Promise<OpenSession>>();
  readonly #oidc: Oidc | undefined;
  readonly #local: OpenSession | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(options: GateOptions) {
    this.#options = options;
    const { settings, client, now } = options;
    const { ways, publicUrl, oidc } = settings;
    this.site = { loopbackOnly: ways.includes('local'), publicOrigin: publicUrl?.origin };
    this.#book = new SessionBook(settings.limits);
    if (oidc && publicUrl) this.#oidc = new Oidc(oidc, publicUrl, now);
    if (ways.includes('local')) this.#local = this.#localSession(client);
    this.#timer = setInterval(() => {
      void (this.#local?.followed && this.#local.refresh(now()));
      this.#book.tick(now());
    }, TICK).unref();
  }

  /** How a person can sign in on the login page. */
  get ways(): readonly ('token' | 'oidc')[] {
    return this.#options.settings.ways.filter((way) => way === 'token' || way === 'oidc');
  }

  get local(): boolean {
    return this.#local !== undefined;
  }

  /** @throws RefusedPeer `unauthenticated`, `forbidden`, `rate-limited` or `api-unavailable` */
  async admit(request: IncomingMessage): Promise<Admitted> {
    const admitted = await this.#find(request);
    await this.#fresh(admitted.session);
    if (admitted.session.over) throw new RefusedPeer('unauthenticated', 'This session is over. Sign in again.');
    return admitted;
  }

  async #find(request: IncomingMessage): Promise<Admitted> {
    const { settings, now } = this.#options;
    if (this.#local) return { session: this.#local, by: 'browser' };
    if (fromProxy(request, settings.proxySecret)) return { session: await this.#fromProxy(request), by: 'browser' };
    const bearer = bearerOf(request);
    if (bearer !== undefined && this.#takesTokens)
      return { session: await this.#fromBearer(request, bearer), by: 'bearer' };
    const cookie = readCookie(request, SESSION, this.#callerOf(request).secure);
    const session = cookie === undefined ? undefined : this.#book.find(cookieKey(cookie), now());
    if (!session) throw new RefusedPeer('unauthenticated', 'Sign in first.');
    return { session, by: 'browser' };
  }

  /** @throws RefusedPeer */
  async signInWithToken(request: IncomingMessage, token: string): Promise<SignedIn> {
    if (!this.ways.includes('token')) throw new RefusedPeer('not-found', 'This dashboard takes no tokens.');
    return this.#attempt(request, async (caller) => this.#begin(request, caller, await this.#personWith(token)));
  }

  /** Where to send the browser, with a cookie for the way back. @throws RefusedPeer */
  async startOidc(request: IncomingMessage, to: string): Promise<{ readonly url: URL; readonly cookie: string }> {
    if (!this.#oidc) throw new RefusedPeer('not-found', 'This dashboard has no OIDC issuer.');
    const oidc = this.#oidc;
    return this.#attempt(request, async ({ secure }) => {
      const { url, trip } = await oidc.start(to).catch((error: unknown) => {
        this.#options.log.warn({ why: messageOf(error) }, 'the OIDC issuer cannot be asked');
        throw new RefusedPeer('api-unavailable', 'The OIDC issuer cannot be asked.');
      });
      return { url, cookie: cookieText(TRIP, trip, { secure, sameSite: 'Lax', maxAge: TRIP_SECONDS }) };
    });
  }

  /** @throws RefusedPeer */
  async finishOidc(request: IncomingMessage): Promise<SignedIn & { readonly to: string; readonly tripCookie: string }> {
    if (!this.#oidc) throw new RefusedPeer('not-found', 'This dashboard has no OIDC issuer.');
    const oidc = this.#oidc;
    return this.#attempt(request, async (caller) => {
      const { secure } = caller;
      const { login, to } = await oidc.finish(request, readCookie(request, TRIP, secure)).catch((error: unknown) => {
        if (error instanceof RefusedPeer) throw error;
        this.#options.log.warn({ why: messageOf(error) }, 'the OIDC issuer’s answer is not good');
        throw new RefusedPeer('unauthenticated', 'The OIDC issuer did not confirm who you are.');
      });
      const signedIn = await this.#begin(request, caller, await this.#personOf(() => login.identity(), 'oidc'));
      return { ...signedIn, to, tripCookie: cookieText(TRIP, '', { secure, sameSite: 'Lax', maxAge: 0 }) };
    });
  }

  /** Ends the session with all its sockets; returns the cookie that removes its proof. */
  signOut(request: IncomingMessage, session: OpenSession): string {
    session.end('signed-out');
    this.#options.log.info({ user: session.person.user }, 'signed out');
    return cookieText(SESSION, '', { secure: this.#callerOf(request).secure, sameSite: 'Strict', maxAge: 0 });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#book.close();
  }

  get #takesTokens(): boolean {
    const { ways, oidc } = this.#options.settings;
    return ways.includes('token') || oidc?.actsAs === 'token';
  }

  #localSession(client: KubeClient): OpenSession {
    const person: Person = { user: 'local admin', groups: [], how: 'local', client };
    const { namespaces, now } = this.#options;
    const forever = new SessionBook({ idle: Number.POSITIVE_INFINITY, longest: Number.POSITIVE_INFINITY });
    return forever.open('local', person, new Rights(client, namespaces), now());
  }

  #fromProxy(request: IncomingMessage): Promise<OpenSession> {
    const named = remotePerson(request);
    if (!named) throw new RefusedPeer('unauthenticated', 'The proxy in front of this dashboard names no user.');
    return this.#findOrOpen(`proxy:${JSON.stringify(named)}`, async () => {
      const client = this.#options.client.as(named);
      return { user: named.user, groups: named.groups, how: 'proxy', client };
    });
  }

  #fromBearer(request: IncomingMessage, token: string): Promise<OpenSession> {
    return this.#findOrOpen(`bearer:${digestOf(token)}`, () => this.#attempt(request, () => this.#personWith(token)));
  }

  /** Requests of one person that come together open one session. */
  async #findOrOpen(key: string, whose: () => Promise<Person>): Promise<OpenSession> {
    const found = this.#book.find(key, this.#options.now());
    if (found) return found;
    let opening = this.#opening.get(key);
    if (!opening) {
      opening = (async () => this.#open(key, await whose()))().finally(() => this.#opening.delete(key));
      this.#opening.set(key, opening);
    }
    return opening;
  }

  async #begin(request: IncomingMessage, { secure }: Caller, person: Person): Promise<SignedIn> {
    const before = readCookie(request, SESSION, secure);
    if (before !== undefined) this.#book.find(cookieKey(before), this.#options.now())?.end('replaced');
    const id = randomSecret();
    const session = await this.#open(cookieKey(id), person);
    return { session, cookie: cookieText(SESSION, id, { secure, sameSite: 'Strict' }) };
  }

  async #open(key: string, person: Person): Promise<OpenSession> {
    const { namespaces, log, now } = this.#options;
    const rights = new Rights(person.client, namespaces);
    const may = await rights.mayLook().catch((error: unknown) => {
      throw refusalOf(error);
    });
    const { user, how } = person;
    if (!may) {
      log.info({ user, how }, 'may not look');
      throw new RefusedPeer('forbidden', `${user} may not see this map: ${NEEDED}`);
    }
    log.info({ user, how }, 'signed in');
    const session = this.#book.open(key, person, rights, now());
    await this.#fresh(session);
    return session;
  }

  async #personWith(token: string): Promise<Person> {
    if (token.length > LONGEST_TOKEN) throw new RefusedPeer('unauthenticated', 'This is no token.');
    return this.#personOf(async () => ({ token }), 'token');
  }

  /** @throws RefusedPeer when the cluster does not know whom these credentials are of */
  async #personOf(identity: () => Promise<ActAs>, how: 'token' | 'oidc'): Promise<Person> {
    const client = this.#options.client.as(identity);
    const { user, groups } = await client.whoAmI().catch((error: unknown) => {
      throw refusalOf(error);
    });
    if (user === 'system:anonymous') throw new RefusedPeer('unauthenticated', 'The cluster does not know this token.');
    return { user, groups, how, client };
  }

  async #fresh(session: OpenSession): Promise<void> {
    const stop = new AbortController();
    // the only way to fail is our own abort, once nobody waits any more
    const waited = sleep(REFRESH_WAIT, undefined, { signal: stop.signal }).catch(() => {});
    await Promise.race([session.refresh(this.#options.now()), waited]);
    stop.abort();
  }

  #callerOf(request: IncomingMessage): Caller {
    return new Caller(request, this.#options.settings);
  }

  /** One try to prove who somebody is: over TLS, not too many, and told when it fails. */
  async #attempt<T>(request: IncomingMessage, prove: (caller: Caller) => Promise<T>): Promise<T> {
    const { log, now } = this.#options;
    const caller = this.#callerOf(request);
    try {
      caller.requireSecure();
      if (!this.#attempts.admit(caller.address, now())) {
        throw new RefusedPeer('rate-limited', 'Too many attempts to sign in from this address. Wait a moment.');
      }
      return await prove(caller);
    } catch (error) {
      if (error instanceof RefusedPeer) log.info({ address: caller.address, code: error.data.code }, 'sign-in refused');
      throw error;
    }
  }
}

const NEEDED =
  'it shows all Services, so it takes the right to list services, or routingoverrides.kubecity.dev, in all namespaces.';

const cookieKey = (id: string): string => `cookie:${digestOf(id)}`;

function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof KubeError)) return error;
  if (error.code === 'unauthorized')
    return new RefusedPeer('unauthenticated', 'The cluster does not take these credentials.');
  if (error.code === 'forbidden')
    return new RefusedPeer('forbidden', `The cluster does not permit it: ${error.message}`);
  return new RefusedPeer('api-unavailable', `The cluster cannot be asked who you are: ${error.message}`);
}
