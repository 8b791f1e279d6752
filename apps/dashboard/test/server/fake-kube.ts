import { randomUUID } from 'node:crypto';
import { type KubeClient, KubeError, type Resource, type WatchEvent } from '@kubecity/kube';
import { isDeepEqual } from '@kubecity/routing';

interface Stored {
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string;
  };
  spec?: unknown;
  status?: unknown;
}

/** A cluster in memory behind the door of the hub, with switches for what a real one cannot be asked to do. */
export class FakeKube implements KubeClient {
  /** Every request fails and every watch breaks while true. */
  away = false;
  /** What `selfAccess` answers. */
  allowed = true;
  readonly #objects = new Map<string, Map<string, Stored>>();
  readonly #watchers = new Set<{ plural: string; push(event: WatchEvent<Stored> | Error): void }>();
  #version = 0;

  readonly list: KubeClient['list'] = async <T>({ plural }: Resource) => {
    this.#reach();
    return { items: [...this.#of(plural).values()].map(copy) as T[], resourceVersion: String(this.#version) };
  };

  readonly get: KubeClient['get'] = async <T>({ plural }: Resource, address: { namespace?: string; name: string }) =>
    copy(this.#find(plural, address)) as T;

  readonly create: KubeClient['create'] = async <T>({ plural }: Resource, object: T) => {
    this.#reach();
    const made = copy(object) as Stored;
    const key = keyOf(made.metadata);
    if (this.#of(plural).has(key)) throw new KubeError('already-exists', `create ${key}`, 'already exists');
    const uid = made.metadata.uid ?? randomUUID();
    // what the scenario gives it keeps, as if it had been there before
    made.metadata = { generation: 1, creationTimestamp: new Date().toISOString(), ...made.metadata, uid };
    return this.#store(plural, made, 'ADDED') as T;
  };

  readonly replace: KubeClient['replace'] = async <T>({ plural }: Resource, object: T) => {
    const next = copy(object) as Stored;
    const stored = this.#find(plural, next.metadata);
    if (
      next.metadata.resourceVersion !== undefined &&
      next.metadata.resourceVersion !== stored.metadata.resourceVersion
    ) {
      throw new KubeError('conflict', `replace ${keyOf(next.metadata)}`, 'the object has been modified');
    }
    const generation = (stored.metadata.generation ?? 1) + (isDeepEqual(stored.spec, next.spec) ? 0 : 1);
    const kept = { ...stored.metadata, generation };
    return this.#store(plural, { ...stored, spec: next.spec, metadata: kept }, 'MODIFIED') as T;
  };

  /** Knows one patch: a merge of the whole status. */
  readonly patch: KubeClient['patch'] = async <T>(
    { plural }: Resource,
    address: { namespace?: string; name: string },
    patch: unknown,
  ) => {
    const stored = this.#find(plural, address);
    return this.#store(plural, { ...stored, status: (patch as Stored).status }, 'MODIFIED') as T;
  };

  readonly delete: KubeClient['delete'] = async ({ plural }, address, preconditions) => {
    const stored = this.#find(plural, address);
    if (preconditions?.uid !== undefined && preconditions.uid !== stored.metadata.uid) {
      throw new KubeError('conflict', `delete ${keyOf(address)}`, 'the uid is another');
    }
    this.#of(plural).delete(keyOf(address));
    this.#tell(plural, 'DELETED', stored);
  };

  readonly watch: KubeClient['watch'] = async <T>({ plural }: Resource, { signal }: { signal?: AbortSignal }) => {
    this.#reach();
    const events: (WatchEvent<Stored> | Error)[] = [];
    let wake = () => {};
    const push = (event: WatchEvent<Stored> | Error) => {
      events.push(event);
      wake();
    };
    const watcher = { plural, push };
    this.#watchers.add(watcher);
    signal?.addEventListener('abort', () => push(new Error('aborted')));
    const iterate = async function* (watchers: Set<typeof watcher>) {
      for (;;) {
        const event = events.shift();
        if (event instanceof Error) {
          watchers.delete(watcher);
          throw event;
        }
        if (event) yield event as WatchEvent<T>;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    };
    return iterate(this.#watchers as Set<typeof watcher>);
  };

  readonly selfAccess: KubeClient['selfAccess'] = async () => {
    this.#reach();
    return this.allowed ? { allowed: true } : { allowed: false, reason: 'no role permits it' };
  };

  readonly close = async () => {};

  goAway(): void {
    this.away = true;
    for (const watcher of this.#watchers) watcher.push(new KubeError('unreachable', 'watch', 'cut'));
  }

  #reach(): void {
    if (this.away) throw new KubeError('unreachable', 'request', 'the API server cannot be reached');
  }

  #of(plural: string): Map<string, Stored> {
    const objects = this.#objects.get(plural) ?? new Map<string, Stored>();
    this.#objects.set(plural, objects);
    return objects;
  }

  #find(plural: string, address: { namespace?: string; name?: string }): Stored {
    this.#reach();
    const stored = this.#of(plural).get(keyOf(address));
    if (!stored) throw new KubeError('not-found', `get ${keyOf(address)}`, 'not found');
    return stored;
  }

  #store(plural: string, object: Stored, type: 'ADDED' | 'MODIFIED'): Stored {
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    this.#of(plural).set(keyOf(stored.metadata), stored);
    this.#tell(plural, type, stored);
    return copy(stored);
  }

  #tell(plural: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: Stored): void {
    for (const watcher of this.#watchers) if (watcher.plural === plural) watcher.push({ type, object: copy(object) });
  }
}

const copy = <T>(object: T): T => structuredClone(object);
const keyOf = ({ namespace, name }: { namespace?: string; name?: string }) => `${namespace ?? ''}/${name}`;
