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
  #written: ReadonlySet<string> = new Set();

  constructor(family: Family) {
    this.#family = family;
    const kind = SET_PREFIX[family].slice('CITY-'.length, -1);
    this.#names = new ClaimedNames((id) => setName(kind, id, id.replace(/^\W+/, '')));
  }

  /** By name. */
  get all(): ReadonlyMap<string, KernelSet> {
    return new Map([...this.#sets.values()].map((set) => [set.name, set]));
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
    for (const id of this.#sets.keys()) {
      if (this.#users.has(id)) continue;
      this.#sets.delete(id);
      this.#names.release(id);
    }
    const { all } = this;
    const before = this.#written;
    this.#written = new Set(all.keys());
    const change = new Map<string, Delta>();
    for (const [id, delta] of deltas) {
      const set = this.#sets.get(id);
      const [added, removed] = [delta.added, delta.removed].map((list) => list.filter((one) => this.#isMine(one)));
      if (set && before.has(set.name) && added && removed && added.length + removed.length > 0) {
        change.set(set.name, { added, removed });
      }
    }
    return {
      create: [...all.values()].filter(({ name }) => !before.has(name)),
      change,
      destroy: [...before].filter((name) => !all.has(name)),
    };
  }

  #add(id: string, type: KernelSet['type'], members: Members): { id: string; name: string } {
    const name = this.#names.claim(id);
    this.#sets.set(id, { name, type, family: this.#family, members });
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
