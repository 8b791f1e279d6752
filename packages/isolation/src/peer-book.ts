import { LiveSet } from './live-set.ts';
import { type Delta, type PeerSet, type SetChanges, type SetQuery, setId } from './peer-set.ts';
import type { Pod } from './pod.ts';
import { isPeer, type PodPeer } from './policy.ts';
import { type Labels, type Selector, selectorText, selects } from './selector.ts';

/**
 * All pods of the cluster by their labels, and the sets that local gates ask for. A change of one pod is compared with the
 * sets that it could belong to, not with all; a new set with the pods that could belong to it.
 */
export class PeerBook {
  readonly pods = new Map<string, Pod>();
  readonly namespaces = new Map<string, Labels>();
  readonly #byLabel = new Index<Pod>();
  readonly #byNamespace = new Index<Pod>();
  /** By both: a selector of pods mostly asks for a few of one namespace. */
  readonly #byPlace = new Index<Pod>();
  /** Names of the namespaces that a selector selects, by its text; forgotten when any namespace changes. */
  readonly #selected = new Map<string, readonly string[]>();
  readonly #sets = new Map<string, LiveSet>();
  /** Sets by each label that one of their members must have; those that ask for none under the empty text. */
  readonly #setsByLabel = new Index<LiveSet>();
  /** Sets of pods of the namespaces that a selector selects, by its text. */
  readonly #scopes = new Map<string, { readonly selector: Selector; readonly sets: Set<LiveSet> }>();
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
      this.#scope(set, 'add');
      for (const pods of this.#candidates(query)) {
        for (const pod of pods) if (this.#belongs(set, pod)) set.put(pod.id, pod);
      }
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
    this.#review(id, before, pod);
  }

  setNamespace(name: string, labels: Labels | undefined): void {
    const before = this.namespaces.get(name);
    if (labels) this.namespaces.set(name, labels);
    else this.namespaces.delete(name);
    this.#selected.clear();
    const pods = this.#byNamespace.get(name);
    for (const { selector, sets } of this.#scopes.values()) {
      const [was, is] = [before, labels].map((one) => one !== undefined && selects(selector, one));
      if (was !== is) for (const set of sets) for (const pod of pods) this.#place(set, pod.id, pod);
    }
  }

  takeChanges(): SetChanges {
    const created: string[] = [];
    const removed: string[] = [];
    const changed = new Map<string, Delta>();
    for (const set of this.#touched) {
      if (set.users === 0) {
        this.#drop(set);
        if (this.#known.delete(set.id)) removed.push(set.id);
      } else if (!this.#known.has(set.id)) {
        this.#known.add(set.id);
        created.push(set.id);
        set.begin();
      } else {
        const delta = set.takeDelta();
        if (delta.added.length + delta.removed.length > 0) changed.set(set.id, delta);
      }
    }
    this.#touched.clear();
    return { created, removed, changed };
  }

  /** Compares one pod with the sets that it could be in, as it was or as it is. */
  #review(id: string, before: Pod | undefined, pod: Pod | undefined): void {
    const sets = new Set<LiveSet>();
    for (const label of ['', ...pairsOf(before?.labels ?? {}), ...pairsOf(pod?.labels ?? {})]) {
      for (const set of this.#setsByLabel.get(label)) sets.add(set);
    }
    for (const set of sets) this.#place(set, id, pod);
  }

  #place(set: LiveSet, id: string, pod: Pod | undefined): void {
    const belongs = pod !== undefined && this.#belongs(set, pod);
    if (!belongs && !set.holds(id)) return;
    set.put(id, belongs ? pod : undefined);
    this.#touched.add(set);
  }

  #belongs({ query }: LiveSet, pod: Pod): boolean {
    return isPeer(query.peer, pod, this.namespaces.get(pod.namespace));
  }

  /** Pods among which all members are: those of the namespaces with one of the labels, or all with one of them. */
  #candidates({ peer }: SetQuery): Iterable<Pod>[] {
    const names = this.#namespacesOf(peer.scope);
    const labels = labelsOf(peer.pods);
    if (labels[0] === '') return names.map((name) => this.#byNamespace.get(name));
    const labelled = labels.map((label) => this.#byLabel.get(label));
    // Many namespaces are more to look up than the pods are.
    if (names.length > sizeOf(labelled)) return labelled;
    return names.flatMap((name) => labels.map((label) => this.#byPlace.get(placeOf(name, label))));
  }

  /** Many selectors of pods share few of namespaces. */
  #namespacesOf(scope: PodPeer['scope']): readonly string[] {
    if ('namespace' in scope) return [scope.namespace];
    const text = selectorText(scope.namespaces);
    const known = this.#selected.get(text);
    if (known) return known;
    const names = [...this.namespaces].filter(([, labels]) => selects(scope.namespaces, labels)).map(([name]) => name);
    this.#selected.set(text, names);
    return names;
  }

  #index(pod: Pod, how: 'add' | 'delete'): void {
    this.#byNamespace[how](pod.namespace, pod);
    for (const label of pairsOf(pod.labels)) {
      this.#byLabel[how](label, pod);
      this.#byPlace[how](placeOf(pod.namespace, label), pod);
    }
  }

  #scope(set: LiveSet, how: 'add' | 'delete'): void {
    const { scope } = set.query.peer;
    if ('namespace' in scope) return;
    const text = selectorText(scope.namespaces);
    const entry = this.#scopes.get(text) ?? { selector: scope.namespaces, sets: new Set() };
    entry.sets[how](set);
    if (entry.sets.size > 0) this.#scopes.set(text, entry);
    else this.#scopes.delete(text);
  }

  #drop(set: LiveSet): void {
    this.#sets.delete(set.id);
    for (const label of labelsOf(set.query.peer.pods)) this.#setsByLabel.delete(label, set);
    this.#scope(set, 'delete');
  }
}

function sizeOf(sets: readonly ReadonlySet<unknown>[]): number {
  return sets.reduce((sum, { size }) => sum + size, 0);
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

/** Names of namespaces hold no blank. */
function placeOf(namespace: string, label: string): string {
  return `${namespace} ${label}`;
}

function pairsOf(labels: Labels): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}
