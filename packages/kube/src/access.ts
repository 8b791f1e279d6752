import { Connections, type Route } from './connections.ts';
import { KubeError } from './error.ts';
import { askIdentity, type ConnectOptions, type Identity } from './identity.ts';
import { TokenFile } from './token-file.ts';

/** What one request needs: where to, as whom, over which connections. */
export interface Access {
  readonly origin: string;
  readonly headers: Record<string, string>;
  readonly connections: Connections;
  /**
   * The same way without our client certificate, for somebody else's bearer token: of two proofs in one request an API
   * server takes the certificate, and the request would have our rights. Absent: this way knows no tokens at all.
   */
  readonly nameless?: () => Connections;
}

export interface AccessSource {
  access(): Promise<Access>;
  /** After a refused or failed request: the next one reads credentials anew. Requests under way are not touched. */
  renew(): void;
  close(): Promise<void>;
}

export interface AccessDoors {
  ask(options: ConnectOptions, signal: AbortSignal): Promise<Identity>;
  /** Unix time in milliseconds. */
  now(): number;
}

export function accessSource(
  options: ConnectOptions,
  doors: AccessDoors = { ask: askIdentity, now: Date.now },
): AccessSource {
  const given = [options.kubeconfig, options.socketPath, options.inCluster || undefined].filter(
    (way) => way !== undefined,
  );
  if (given.length !== 1) {
    throw new KubeError('invalid', 'connect', 'exactly one of kubeconfig, socketPath and inCluster must be given');
  }
  return options.socketPath === undefined ? new ClusterAccess(options, doors) : socketAccess(options.socketPath);
}

function socketAccess(socketPath: string): AccessSource {
  const origin = 'http://localhost';
  const connections = new Connections({ origin, socketPath });
  const access = { origin, headers: {}, connections };
  return { access: async () => access, renew: () => {}, close: async () => connections.close() };
}

/**
 * Milliseconds between two questions for an identity. While a cluster is away each failed request would ask; the pause
 * grows as long as the answers stay the same.
 */
const ASK_EVERY = { first: 30_000, most: 300_000 };
/** A plugin that gives what is out of date, or a wrong clock, must not cause a question for each request. */
const SHORTEST_LIFE = 10_000;

interface Kept {
  readonly identity: Identity;
  readonly token: TokenFile | undefined;
  /** What of the identity the connections were made for, as JSON. */
  readonly route: string;
  readonly connections: Connections;
  readonly nameless: () => Connections;
}

/**
 * The identity costs a process to ask for, so it is kept: until a request fails, and if it has an end, until shortly
 * before. A token file is read here meanwhile. The connections stay as long as their address and certificates do.
 */
class ClusterAccess implements AccessSource {
  readonly #options: ConnectOptions;
  readonly #doors: AccessDoors;
  readonly #closed = new AbortController();
  /** Those of the identity that is kept, and older ones over which something may still run. */
  #opened: Connections[] = [];
  #kept: Kept | undefined;
  #asking: Promise<void> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Unix time in milliseconds of the next question. */
  #askAt = Number.NEGATIVE_INFINITY;
  #pause = ASK_EVERY.first;
  /** A request failed with what is kept. */
  #doubted = false;
  /** Of the last question, while there is nothing better to go on with. */
  #failure: unknown;

  constructor(options: ConnectOptions, doors: AccessDoors) {
    this.#options = options;
    this.#doors = doors;
  }

  async access(): Promise<Access> {
    if (this.#doors.now() >= this.#askAt) {
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = undefined;
      });
      await this.#asking;
    }
    if (this.#kept === undefined || this.#failure !== undefined) throw this.#failure;
    const { identity, token, connections, nameless } = this.#kept;
    const bearer = token && { Authorization: `Bearer ${await token.read()}` };
    return { origin: identity.origin, headers: { ...identity.headers, ...bearer }, connections, nameless };
  }

  renew(): void {
    this.#doubted = true;
    this.#kept?.token?.forget();
    this.#askAt = Math.min(this.#askAt, this.#askedAt + this.#pause);
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error('the client is closed'));
    for (const connections of this.#opened) connections.close();
    await this.#asking;
  }

  /** Never rejects: see `#failure`. */
  async #ask(): Promise<void> {
    const { signal } = this.#closed;
    const askedAt = this.#doors.now();
    this.#askedAt = askedAt;
    try {
      signal.throwIfAborted();
      const identity = await this.#doors.ask(this.#options, signal);
      signal.throwIfAborted();
      const same = JSON.stringify(identity) === JSON.stringify(this.#kept?.identity);
      this.#pause = same ? Math.min(this.#pause * 2, ASK_EVERY.most) : ASK_EVERY.first;
      this.#keep(identity);
      this.#doubted = false;
      this.#failure = undefined;
      this.#askAt = askAgainAt(askedAt, identity.expiry);
    } catch (error) {
      this.#pause = ASK_EVERY.first;
      this.#askAt = askedAt + this.#pause;
      const end = this.#kept?.identity.expiry ?? Number.POSITIVE_INFINITY;
      // asked ahead of its end, and nobody refused it yet: it still serves
      const serves = this.#kept !== undefined && !this.#doubted && this.#doors.now() < end;
      if (!serves) this.#failure = signal.aborted ? signal.reason : error;
    }
  }

  #keep(identity: Identity): void {
    const token = identity.tokenFile === undefined ? undefined : new TokenFile(identity.tokenFile, this.#doors.now);
    const { origin, tls, proxy } = identity;
    const route = JSON.stringify([origin, tls, proxy]);
    const old = this.#kept;
    if (old?.route === route) {
      this.#kept = { ...old, identity, token };
      return;
    }
    const connections = this.#open({ origin, tls, proxy });
    const certified = tls.cert !== undefined || tls.key !== undefined;
    let bare = certified ? undefined : connections;
    const nameless = () => {
      bare ??= this.#open({ origin, tls: { ...tls, cert: undefined, key: undefined }, proxy });
      return bare;
    };
    this.#kept = { identity, token, route, connections, nameless };
    if (old === undefined) return;
    for (const former of this.#opened) if (former !== connections) former.retire();
    this.#opened = this.#opened.filter((one) => one === connections || one.running > 0);
  }

  #open(route: Route): Connections {
    const opened = new Connections(route);
    this.#opened.push(opened);
    return opened;
  }
}

/** At 80 % of its life, as the kubelet does, but a very short one is used up. Infinite when it has no end. */
function askAgainAt(askedAt: number, expiry = Number.POSITIVE_INFINITY): number {
  const life = Math.max(expiry - askedAt, SHORTEST_LIFE);
  return askedAt + Math.max(life * 0.8, Math.min(life, ASK_EVERY.first));
}
