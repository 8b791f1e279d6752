import { setTimeout } from 'node:timers/promises';
import type { KubeClient, WatchEvent } from './client.ts';
import { isKubeError, KubeError } from './error.ts';
import type { Resource } from './resource.ts';

/** What the loop needs to know of an object. */
export interface Watched {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
}

export interface WatchResourceOptions<T> {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /**
   * Keeps only what the caller needs: `managedFields` are gone already (or see `keepManagers`), name, namespace, uid and resourceVersion must
   * stay. A trimmed object may come by again.
   */
  trim?(object: T): T;
  /** Leaves who wrote the object and when in `managedFields`, without the fields that they own. */
  readonly keepManagers?: boolean;
  /**
   * What is held of an object until it goes: `delete` gets it when a list after an interruption no longer has the object.
   * Name, namespace, uid and resourceVersion must stay. Absent = all that `trim` left.
   */
  hold?(object: T): T;
  set(object: T): void;
  /** Also for objects that a list after an interruption no longer has. */
  delete(object: T): void;
  /** After the first complete list, once. */
  synced(): void;
  /**
   * `live`: a list is complete and its watch runs. `reconnecting`: with the error that interrupted it.
   * `live` with an error: a handler threw; the object it was given is skipped, all else goes on.
   */
  state?(state: 'live' | 'reconnecting', error?: Error): void;
  readonly signal: AbortSignal;
  /** Waits, or returns early when the signal is aborted. */
  sleep?(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** 0..1 */
  random?(): number;
}

/** Milliseconds. */
const BACKOFF = { first: 200, most: 30_000 };
/** client-go ends its watches after 5 to 10 minutes, so that clients spread over the servers again. */
const WATCH_SECONDS = { least: 300, spread: 300 };
/** What a server may be late with the end of a watch before its connection is taken for dead. */
const GRACE_SECONDS = 30;

/**
 * Keeps the caller's copy of one kind equal to the cluster's: list, watch, list again when the server has forgotten
 * the version, and again after any error, with growing pauses, until the signal is aborted. Never throws.
 */
export function watchResource<T extends Watched>(client: KubeClient, options: WatchResourceOptions<T>): void {
  void new ResourceWatch(client, options).run();
}

class ResourceWatch<T extends Watched> {
  readonly #client: KubeClient;
  readonly #options: WatchResourceOptions<T>;
  readonly #sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  readonly #random: () => number;
  /** `namespace/name` → what the caller was given. */
  readonly #known = new Map<string, T>();
  /** Absent: the next round begins with a list. */
  #resourceVersion: string | undefined;
  #synced = false;
  #live = false;
  #failures = 0;
  /** Milliseconds that the server asked for with its last refusal. */
  #retryAfter = 0;

  constructor(client: KubeClient, options: WatchResourceOptions<T>) {
    this.#client = client;
    this.#options = options;
    this.#sleep = options.sleep ?? sleepUnlessAborted;
    this.#random = options.random ?? Math.random;
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      try {
        if (this.#failures > 1 && this.#resourceVersion !== undefined) await this.#askForHistory(this.#resourceVersion);
        if (this.#resourceVersion === undefined) await this.#list();
        await this.#watch(this.#resourceVersion ?? '');
      } catch (error) {
        if (signal.aborted) return;
        this.#interrupted(error as Error);
      }
      await this.#sleep(this.#pause(), signal);
    }
  }

  /** Milliseconds until the next try: short after a watch that ended as planned, growing with each failure in a row. */
  #pause(): number {
    const longest = Math.min(BACKOFF.most, BACKOFF.first * 2 ** Math.max(0, this.#failures - 1));
    // what the server asks for is the least, and spread as well: it asked everybody at the same moment
    return Math.max(longest * (0.5 + this.#random() / 2), this.#retryAfter * (1 + this.#random() / 2));
  }

  #interrupted(error: Error): void {
    const gone = isKubeError(error, 'gone');
    this.#failures = gone ? 1 : this.#failures + 1;
    this.#retryAfter = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    // A broken stream is taken up where it broke, however long the server was away: thousands of clients come back at the
    // same moment, and none of them has anything to list. What the server says to the watch itself, again, may be about it.
    if (gone || (this.#failures > 1 && !isAway(error))) this.#resourceVersion = undefined;
    this.#live = false;
    this.#tell('reconnecting', error);
  }

  /**
   * A server that was away may come back with another history: a restored etcd counts its versions anew, and a watch from a
   * version that is yet to come would wait for ever. One object tells how far it is by now.
   */
  async #askForHistory(ours: string): Promise<void> {
    const { resource, namespace, labelSelector, fieldSelector, signal } = this.#options;
    const selection = { namespace, labelSelector, fieldSelector, signal, limit: 1 };
    for await (const { resourceVersion } of this.#client.pages<T>(resource, selection)) {
      if (!isAtLeast(resourceVersion, ours)) this.#resourceVersion = undefined;
      return;
    }
  }

  async #list(): Promise<void> {
    const { resource, namespace, labelSelector, fieldSelector, signal } = this.#options;
    const selection = { namespace, labelSelector, fieldSelector, signal };
    const present = new Set<string>();
    let version: string | undefined;
    for await (const { items, resourceVersion, first } of this.#client.pages<T>(resource, selection)) {
      if (first) present.clear();
      for (const item of items) {
        present.add(keyOf(item));
        this.#set(item);
      }
      version = resourceVersion;
    }
    for (const [key, object] of this.#known) if (!present.has(key)) this.#delete(key, object);
    this.#resourceVersion = version;
    if (this.#synced) return;
    this.#synced = true;
    this.#guard(() => this.#options.synced());
  }

  async #watch(resourceVersion: string): Promise<void> {
    const { resource, namespace, labelSelector, fieldSelector, signal } = this.#options;
    const timeoutSeconds = Math.round(WATCH_SECONDS.least + this.#random() * WATCH_SECONDS.spread);
    const deadline = AbortSignal.timeout((timeoutSeconds + GRACE_SECONDS) * 1000);
    const events = await this.#client.watch<T>(resource, {
      namespace,
      labelSelector,
      fieldSelector,
      resourceVersion,
      timeoutSeconds,
      signal: AbortSignal.any([signal, deadline]),
    });
    if (!this.#live) this.#tell('live');
    this.#live = true;
    for await (const event of events) {
      this.#served();
      this.#apply(event);
    }
    this.#served();
  }

  #served(): void {
    this.#failures = 0;
    this.#retryAfter = 0;
  }

  #apply({ type, object }: WatchEvent<T>): void {
    const { resourceVersion } = object.metadata;
    if (type === 'DELETED') this.#delete(keyOf(object), object);
    else if (type !== 'BOOKMARK') this.#set(object);
    this.#resourceVersion = resourceVersion ?? this.#resourceVersion;
  }

  #set(incoming: T): void {
    const key = keyOf(incoming);
    const { uid, resourceVersion } = incoming.metadata;
    const before = this.#known.get(key);
    if (before !== undefined) {
      if (resourceVersion !== undefined && before.metadata.resourceVersion === resourceVersion) return;
      // another object under the same name was born while nobody looked
      if (before.metadata.uid !== uid) this.#delete(key, before);
    }
    this.#guard(() => {
      const object = this.#trim(incoming);
      this.#known.set(key, this.#options.hold?.(object) ?? object);
      this.#options.set(object);
    });
  }

  #delete(key: string, last: T): void {
    if (!this.#known.delete(key)) return;
    this.#guard(() => this.#options.delete(this.#trim(last)));
  }

  #trim(object: T): T {
    const metadata = object.metadata as { managedFields?: readonly FieldManager[] };
    // often the larger half of an object, and of use to nobody here
    if (this.#options.keepManagers) metadata.managedFields = metadata.managedFields?.map(withoutFields);
    else delete metadata.managedFields;
    return this.#options.trim?.(object) ?? object;
  }

  #guard(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#tell(this.#live ? 'live' : 'reconnecting', error as Error);
    }
  }

  #tell(state: 'live' | 'reconnecting', error?: Error): void {
    try {
      this.#options.state?.(state, error);
    } catch {
      // the only place to report to is what has just failed
    }
  }
}

/** `subresource` is absent of whoever wrote the object itself. */
export interface FieldManager {
  readonly manager?: string;
  readonly operation?: string;
  readonly time?: string;
  readonly subresource?: string;
}

function withoutFields({ manager, operation, time, subresource }: FieldManager): FieldManager {
  return { manager, operation, time, subresource };
}

/** No answer, or none about what was asked. */
const isAway = (error: Error) => isKubeError(error, 'unreachable') || isKubeError(error, 'unauthorized');

/** Versions are numbers that grow, by Kubernetes' own word (KEP-5504); anything else is another history. */
function isAtLeast(version: string, other: string): boolean {
  const [a, b] = [version, other].map((text) => (/^\d{1,19}$/.test(text) ? BigInt(text) : undefined));
  return a !== undefined && b !== undefined && a >= b;
}

const keyOf = ({ metadata }: Watched) => `${metadata.namespace ?? ''}/${metadata.name}`;

async function sleepUnlessAborted(milliseconds: number, signal: AbortSignal): Promise<void> {
  // it rejects for one reason only: the signal, and then the loop ends by itself
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}
