import { LiveSet } from './live-set.ts';
import { type Delta, type PeerSet, type SetChanges, type SetQuery, setId } from './peer-set.ts';
import type { Pod } from './pod.ts';
import { isPeer } from './policy.ts';
import type { Labels, Selector } from './selector.ts';

/**
 * All pods of the cluster by their labels, and the sets that local gates ask for. A change of one pod is compared with the
 * sets that it could belong to, not with all; a new set with the pods that could belong to it.
 */
export class PeerBook {
  readonly pods = new Map<string, Pod>();
  readonly namespaces = new Map<string, Labels>();
  readonly #byLabel = new Index<Pod>();
  readonly #byNamespace = new Index<Pod>();
  readonly #sets = new Map<string, LiveSet>();
  /** Sets by each label that one of their members must have; those that ask for none under the empty text. */
  readonly #setsByLabel = new Index<LiveSet>();
  readonly #setsOf = new Index<LiveSet>();
  readonly #touched = new Set<LiveSet>();
  /** Those of the last `takeChanges`. */
  readonly #known = new Set<string>();

  get sets(): ReadonlyMap<string, PeerSet> {
    return this.#sets;
  }

  acquire(query: SetQuery): void {
    let set = this.#sets.get(setId(query));
    if (!set) {
      set = new LiveSet(query);
      this.#sets.set(set.id, set);
      for (const label of labelsOf(query.peer.pods)) this.#setsByLabel.add(label, set);
      for (const pod of this.#candidates(query)) this.#place(set, pod.id, pod);
    }
    set.users++;
    this.#touched.add(set);
  }

  /** A set that nobody asks for any more goes with the next `takeChanges`, unless somebody asks again. */
  release(query: SetQuery): void {
    const set = this.#sets.get(setId(query));
    if (!set) throw new Error(`set ${setId(query)} was released more often than acquired`);
    set.users--;
    this.#touched.add(set);
  }

  setPod(id: string, pod: Pod | undefined): void {
    const before = this.pods.get(id);
    if (before) this.#index(before, 'delete');
    if (pod) {
      this.pods.set(id, pod);
      this.#index(pod, 'add');
    } else this.pods.delete(id);
    this.#review(id, pod);
  }

  setNamespace(name: string, labels: Labels | undefined): void {
    if (labels) this.namespaces.set(name, labels);
    else this.namespaces.delete(name);
    for (const pod of this.#byNamespace.get(name)) this.#review(pod.id, pod);
  }

  takeChanges(): SetChanges {
    const created: string[] = [];
    const removed: string[] = [];
    const changed = new Map<string, Delta>();
    for (const set of this.#touched) {
      const delta = set.takeDelta();
      if (set.users === 0) {
        this.#drop(set);
        if (this.#known.delete(set.id)) removed.push(set.id);
      } else if (!this.#known.has(set.id)) {
        this.#known.add(set.id);
        created.push(set.id);
      } else if (delta.added.length + delta.removed.length > 0) changed.set(set.id, delta);
    }
    this.#touched.clear();
    return { created, removed, changed };
  }

  /** Compares one pod with the sets that it is in or could be in. */
  #review(id: string, pod: Pod | undefined): void {
    const sets = new Set(this.#setsOf.get(id));
    if (pod) {
      for (const set of this.#setsByLabel.get('')) sets.add(set);
      for (const label of pairsOf(pod.labels)) for (const set of this.#setsByLabel.get(label)) sets.add(set);
    }
    for (const set of sets) this.#place(set, id, pod);
  }

  #place(set: LiveSet, id: string, pod: Pod | undefined): void {
    const belongs = pod && isPeer(set.query.peer, pod, this.namespaces.get(pod.namespace));
    if (!belongs && !this.#setsOf.get(id).has(set)) return;
    set.put(id, belongs ? pod : undefined);
    if (belongs) this.#setsOf.add(id, set);
    else this.#setsOf.delete(id, set);
    this.#touched.add(set);
  }

  #candidates({ peer }: SetQuery): Iterable<Pod> {
    const labels = labelsOf(peer.pods);
    const near = 'namespace' in peer.scope ? this.#byNamespace.get(peer.scope.namespace) : undefined;
    if (labels[0] === '') return near ?? this.pods.values();
    const labelled = new Set(labels.flatMap((label) => [...this.#byLabel.get(label)]));
    return near && near.size < labelled.size ? near : labelled;
  }

  #index(pod: Pod, how: 'add' | 'delete'): void {
    this.#byNamespace[how](pod.namespace, pod);
    for (const label of pairsOf(pod.labels)) this.#byLabel[how](label, pod);
  }

  #drop(set: LiveSet): void {
    this.#sets.delete(set.id);
    for (const label of labelsOf(set.query.peer.pods)) this.#setsByLabel.delete(label, set);
    for (const id of set.pods()) this.#setsOf.delete(id, set);
  }
}

/** Texts, each with the things that it leads to. */
class Index<T> {
  static readonly #nothing: ReadonlySet<never> = new Set();
  readonly #things = new Map<string, Set<T>>();

  get(key: string): ReadonlySet<T> {
    return this.#things.get(key) ?? Index.#nothing;
  }

  add(key: string, thing: T): void {
    const things = this.#things.get(key);
    if (things) things.add(thing);
    else this.#things.set(key, new Set([thing]));
  }

  delete(key: string, thing: T): void {
    const things = this.#things.get(key);
    if (things?.delete(thing) && things.size === 0) this.#things.delete(key);
  }
}

/** Of these labels whoever is selected has one; `['']` where the selector asks for no value. */
function labelsOf(selector: Selector): readonly string[] {
  const first = selector.find(({ operator }) => operator === 'In');
  return first ? first.values.map((value) => `${first.key}=${value}`) : [''];
}

function pairsOf(labels: Labels): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}
