import type { Family } from '@kubecity/routing';
import {
  AFFINITY_PREFIX,
  addClientSet,
  addLeaseSet,
  addTable,
  type Front,
  LEASE,
  MISPLACED,
  NFT_TABLE,
  renewLease,
} from '@kubecity/ruleset';
import type { InSet, Ipset } from './netfilter.ts';
import { applyNft, type Nft } from './nft.ts';

export interface FrontedSetsOptions {
  readonly ipset: Ipset;
  readonly nft: ReadonlyMap<Family, Nft>;
  /** Asked at each call; after a change the names of all sets must be asked for anew. */
  readonly front: () => Front;
}

/**
 * Sets for the rules of `FrontedNetfilter`, told and asked for in ipset's words. Clients of session affinity are held where the rules
 * that look for them stand. The lease is held on both sides, since rules of filter ask for it too. Sets of nft that are not
 * wanted any more go with their table.
 */
export class FrontedSets implements Ipset {
  readonly #options: FrontedSetsOptions;

  constructor(options: FrontedSetsOptions) {
    this.#options = options;
  }

  async list(): Promise<string[]> {
    const names = await this.#options.ipset.list();
    if (this.#options.front() === 'iptables') return names;
    const tables = await Promise.all([...this.#options.nft.values()].map((nft) => nft.read()));
    const ofNft = tables.flatMap((table) => table?.sets ?? []).filter((name) => !isLease(name));
    return [...names.map((name) => (familyOfClients(name) ? name + MISPLACED : name)), ...ofNft];
  }

  /** Of ipset alone: members are asked for where rules of filter stand, and those are on that side. */
  save(): Promise<string> {
    return this.#options.ipset.save();
  }

  async restore(text: string): Promise<number> {
    const ofIpset: string[] = [];
    const ofNft: string[] = [];
    for (const line of text.split('\n').filter((each) => each !== '')) {
      const [verb = '', name = '', ...rest] = line.split(' ');
      const family = this.#options.front() === 'nft' ? familyOf(name) : undefined;
      if (name.endsWith(MISPLACED)) ofIpset.push(line.replace(name, name.slice(0, -MISPLACED.length)));
      else if (family === undefined || isLease(name)) ofIpset.push(line);
      if (family !== undefined && !name.endsWith(MISPLACED)) {
        ofNft.push(...inNft(family, verb, name, rest));
      }
    }
    if (ofIpset.length > 0) await this.#options.ipset.restore(ofIpset.map((line) => `${line}\n`).join(''));
    // A lease is renewed once, however many members its ipset has.
    if (ofNft.length === 0) return 0;
    await applyNft([...new Set(ofNft)]);
    return 1;
  }

  async holding(asked: Iterable<InSet>): Promise<ReadonlySet<string>> {
    const { ipset, nft, front } = this.#options;
    if (front() === 'iptables') return ipset.holding(asked);
    const all = [...asked];
    const held = new Set(await ipset.holding(all.filter(([name]) => !familyOfClients(name))));
    for (const [name, member] of all) {
      const family = familyOfClients(name);
      if (family && (await nft.get(family)?.holds(name, member))) held.add(`${name} ${member}`);
    }
    return held;
  }
}

const isLease = (name: string): boolean => Object.values(LEASE).includes(name);

function familyOfClients(name: string): Family | undefined {
  return isLease(name) ? undefined : familyOf(name);
}

function familyOf(name: string): Family | undefined {
  if (name === LEASE.IPv4 || name.startsWith(AFFINITY_PREFIX.IPv4)) return 'IPv4';
  return name === LEASE.IPv6 || name.startsWith(AFFINITY_PREFIX.IPv6) ? 'IPv6' : undefined;
}

function inNft(family: Family, verb: string, name: string, rest: readonly string[]): readonly string[] {
  const after = (word: string) => Number(rest[rest.indexOf(word) + 1]);
  switch (verb) {
    case 'create':
      return [
        addTable(family),
        isLease(name) ? addLeaseSet(family, name) : addClientSet(family, name, after('maxelem')),
      ];
    case 'add':
      return isLease(name)
        ? renewLease(family, name, after('timeout'))
        : [`add element ${NFT_TABLE[family]} ${name} { ${rest[0]} timeout ${after('timeout')}s }`];
    case 'flush':
      return [`flush set ${NFT_TABLE[family]} ${name}`];
    case 'destroy':
      // Whoever ends the lease has taken the table away before.
      return isLease(name) ? [] : [`delete set ${NFT_TABLE[family]} ${name}`];
    default:
      return [];
  }
}
