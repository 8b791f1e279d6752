import { type Family, familyOf } from '@kubecity/routing';
import { setName } from '@kubecity/ruleset';
import { ClaimedNames } from './claimed-names.ts';
import type { SetNamer } from './gate-text.ts';
import { type KernelSet, type Members, SET_PREFIX, type SetWork } from './kernel-set.ts';
import { type Delta, type PeerSet, setId } from './peer-set.ts';

/** The sets of one family that chains ask for, by the ids of the plan; blocks have ids of their own. */
export class UsedSets {
  readonly #family: Family;
  readonly #names: ClaimedNames;
  readonly #users = new Map<string, number>();
  readonly #sets = new Map<string, KernelSet>();
  readonly #byName = new Map<string, KernelSet>();
  /** Ids of those that came since the last `takeWork`. */
  readonly #new = new Set<string>();

  constructor(family: Family) {
    this.#family = family;
    const kind = SET_PREFIX[family].slice('CITY-'.length, -1);
    this.#names = new ClaimedNames((id) => setName(kind, id, id.replace(/^\W+/, '')));
  }

  /** By name, in the order in which they were told to be created. */
  get all(): ReadonlyMap<string, KernelSet> {
    return this.#byName;
  }

  /** The set that is asked for; it goes with the next `takeWork` unless `count` says that somebody uses it. */
  find(wanted: Parameters<SetNamer>[0], peerSets: ReadonlyMap<string, PeerSet>): { id: string; name: string } {
    const id = 'ranges' in wanted ? `block ${wanted.text}` : setId(wanted);
    const known = this.#sets.get(id);
    if (known) return { id, name: known.name };
    if ('ranges' in wanted) return this.#add(id, 'hash:net', new Set(wanted.ranges.map(bare)));
    const set = peerSets.get(id);
    if (!set) throw new Error(`isolation: the plan has a gate that asks for the set "${id}", and no such set`);
    return this.#add(id, set.kind === 'ports' ? 'hash:ip,port' : 'hash:ip', ofFamily(set.members, this.#family));
  }

  /** A set of addresses that is not of the plan, and stays. */
  keep(id: string, members: PeerSet['members']): string {
    this.count([id], 1);
    return this.#add(id, 'hash:ip', ofFamily(members, this.#family)).name;
  }

  /** A set that stays, and whose members another hand lays in for so many seconds. */
  keepFleeting(id: string, type: KernelSet['type'], timeout: number): string {
    this.count([id], 1);
    return this.#add(id, type, new Set(), { timeout }).name;
  }

  count(ids: Iterable<string>, by: 1 | -1): void {
    for (const id of ids) {
      const users = (this.#users.get(id) ?? 0) + by;
      if (users > 0) this.#users.set(id, users);
      else this.#users.delete(id);
    }
  }

  /**
   * What differs since the last time. Sets that nobody uses any more are let go of here and not before: they may have found
   * another user meanwhile.
   * @param deltas of members, by id
   */
  takeWork(deltas: ReadonlyMap<string, Delta>): SetWork {
    const destroy: string[] = [];
    for (const [id, { name }] of this.#sets) {
      if (this.#users.has(id)) continue;
      this.#sets.delete(id);
      this.#byName.delete(name);
      this.#names.release(id);
      if (!this.#new.delete(id)) destroy.push(name);
    }
    const change = new Map<string, Delta>();
    for (const [id, delta] of deltas) {
      const set = this.#sets.get(id);
      if (!set || this.#new.has(id)) continue;
      const [added, removed] = [delta.added, delta.removed].map((list) => list.filter((one) => this.#isMine(one)));
      if (added && removed && added.length + removed.length > 0) change.set(set.name, { added, removed });
    }
    return { create: this.#takeNew(), change, destroy };
  }

  /** What most chains ask for stands first: the kernel looks for a set by its name from the oldest one on, once for each rule that asks. */
  #takeNew(): KernelSet[] {
    const asked = [...this.#new].map((id) => ({
      set: this.#sets.get(id) as KernelSet,
      users: this.#users.get(id) ?? 0,
    }));
    this.#new.clear();
    const sets = asked.sort((a, b) => b.users - a.users).map(({ set }) => set);
    for (const { name } of sets) this.#byName.delete(name);
    for (const set of sets) this.#byName.set(set.name, set);
    return sets;
  }

  #add(
    id: string,
    type: KernelSet['type'],
    members: Members,
    stay: Pick<KernelSet, 'timeout'> = {},
  ): { id: string; name: string } {
    const name = this.#names.claim(id);
    const set: KernelSet = { name, type, family: this.#family, members, ...stay };
    this.#sets.set(id, set);
    this.#byName.set(name, set);
    this.#new.add(id);
    return { id, name };
  }

  #isMine(member: string): boolean {
    return familyOfMember(member) === this.#family;
  }
}

/** Of an address, or of one with a port behind a comma. */
function familyOfMember(text: string): Family {
  const comma = text.indexOf(',');
  return familyOf(comma === -1 ? text : text.slice(0, comma));
}

/** The members of one family, as they are whenever somebody looks. */
function ofFamily(members: PeerSet['members'], family: Family): Members {
  return {
    has: (member) => members.has(member),
    *keys() {
      for (const member of members.keys()) if (familyOfMember(member) === family) yield member;
    },
  };
}

/** ipset prints the range of one address without its length. */
function bare(range: string): string {
  const whole = range.includes(':') ? '/128' : '/32';
  return range.endsWith(whole) ? range.slice(0, -whole.length) : range;
}
