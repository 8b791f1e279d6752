import { bitsOf, type Family, familyOf } from '@kubecity/routing';
import {
  addressChain,
  baseOf,
  bitTree,
  type Chain,
  chainName,
  hairpin,
  host,
  type Jump,
  type Ruleset,
  reject,
  setName,
  type Touched,
  words,
} from '@kubecity/ruleset';
import { ClaimedNames } from './claimed-names.ts';
import type { Gate } from './gate.ts';
import { gateChain, type SetNamer } from './gate-text.ts';
import { type KernelSet, type Members, SET_PREFIX, type SetWork } from './kernel-set.ts';
import type { IsolationOptions } from './options.ts';
import { type Delta, type PeerSet, setId } from './peer-set.ts';
import type { IsolationChange, IsolationPlan, PodPlan } from './plan.ts';
import { DIRECTIONS, type Direction } from './policy.ts';

const ROOT = 'CITY-ISOLATION';

/** Chains sort before those that they lead to, which iptables-nft writes faster (see `renderRestore`). */
const PLACES: Readonly<
  Record<Direction, { readonly root: string; readonly branch: string; readonly gate: string; readonly flag: string }>
> = {
  egress: { root: 'CITY-ISOLATION-FROM', branch: 'IF', gate: 'JF', flag: '-s' },
  ingress: { root: 'CITY-ISOLATION-TO', branch: 'IT', gate: 'JT', flag: '-d' },
};

/** What differs in the kernel text since the last update. */
export interface IsolationUpdate {
  readonly chains: Touched;
  readonly sets: SetWork;
}

/** A chain that all pods with the same gate are led to. */
interface GateText {
  readonly chain: string;
  readonly sets: ReadonlySet<string>;
  readonly users: Set<string>;
}

/** Pods of this node whose addresses are known; only where others are closed. */
const KNOWN = 'known';

/**
 * Plan → text of one family, incrementally: `update` compiles what changed.
 *
 * A new connection that is forwarded passes a tree over the source's address to the gate of what the sender may open, and,
 * unless refused there, a tree over the destination's address to the gate of who may come. The rules of a gate let go with
 * RETURN, which leads back behind the tree: nothing is ever accepted here, so what others have to say is still said.
 * Packets of the node itself and to it do not come by.
 */
export class IsolationCompiler {
  readonly #options: IsolationOptions;
  readonly #chains = new Map<string, Chain>();
  readonly #touched = new Set<string>();
  readonly #gates: Readonly<Record<Direction, Map<string, GateText>>> = { ingress: new Map(), egress: new Map() };
  readonly #gateNames: Readonly<Record<Direction, ClaimedNames>>;
  readonly #trees: Record<Direction, ReadonlySet<string>> = { ingress: new Set(), egress: new Set() };
  /** Of ROOT, into each tree: only for what has an address like those in it. */
  readonly #ways: Record<Direction, Chain> = { ingress: [], egress: [] };
  readonly #pods = new Map<string, PodPlan>();
  readonly #setNames: ClaimedNames;
  readonly #setUsers = new Map<string, number>();
  /** Where the members of each set in use come from, by id. */
  readonly #sources = new Map<string, Pick<KernelSet, 'name' | 'type' | 'members'>>();
  readonly #known = new Map<string, string>();
  #writtenSets: ReadonlySet<string> = new Set();
  #started = false;

  constructor(options: IsolationOptions) {
    this.#options = options;
    const prefix = SET_PREFIX[options.family].slice('CITY-'.length, -1);
    this.#setNames = new ClaimedNames((id) => setName(prefix, id, id.replace(/^\W+/, '')));
    const gates = (direction: Direction) =>
      new ClaimedNames((key) => chainName(PLACES[direction].gate, key, key.split('/')[1]?.split(' ')[0] ?? ''));
    this.#gateNames = { ingress: gates('ingress'), egress: gates('egress') };
  }

  /** Our chains, and the jump that must stand before any rule that accepts. The maps live on with the compiler. */
  get ruleset(): Ruleset {
    const jump: Jump = { table: 'filter', from: 'FORWARD', rule: `-j ${ROOT}` };
    const sets = new Set([...this.#sources.values()].map(({ name }) => name));
    return { family: this.#options.family, chains: { filter: this.#chains, nat: new Map() }, jumps: [jump], sets };
  }

  /** Every set in use, by name. */
  get sets(): ReadonlyMap<string, KernelSet> {
    const { family } = this.#options;
    return new Map([...this.#sources.values()].map((source) => [source.name, { ...source, family }]));
  }

  /** To be called with every change that the tracker hands out, while that is the newest. */
  update({ plan, pods, sets }: IsolationChange): IsolationUpdate {
    const known = this.#followPods(plan, pods);
    this.#layRoot();
    const changed = new Map<string, Delta>();
    for (const [id, delta] of sets.changed) this.#addDelta(changed, id, delta);
    if (known) this.#addDelta(changed, KNOWN, known);
    const work = this.#setWork(changed);
    const chains = new Set(this.#touched);
    this.#touched.clear();
    return { chains: { filter: chains, nat: new Set() }, sets: work };
  }

  /** @returns how the set of known addresses changed, where there is one */
  #followPods(plan: IsolationPlan, pods: ReadonlySet<string>): Delta | undefined {
    const planted = new Set<Direction>();
    const moved = new Map<string, boolean>();
    for (const id of pods) {
      const before = this.#pods.get(id);
      const now = plan.pods.get(id);
      for (const direction of DIRECTIONS) {
        const gate = now?.[direction];
        if (gate) this.#use(gate, direction, id, plan.sets);
        if (before?.[direction] && before[direction].key !== gate?.key) this.#leave(before[direction], direction, id);
        if (before?.[direction] ?? gate) planted.add(direction);
      }
      if (now) this.#pods.set(id, now);
      else this.#pods.delete(id);
      if (this.#closedRanges.length > 0) this.#follow(id, before, now, moved);
    }
    for (const direction of this.#started ? planted : DIRECTIONS) this.#plant(direction);
    if (moved.size === 0) return undefined;
    const touched = [...moved];
    return {
      added: touched.filter(([address, was]) => !was && this.#known.has(address)).map(([address]) => address),
      removed: touched.filter(([address, was]) => was && !this.#known.has(address)).map(([address]) => address),
    };
  }

  #follow(id: string, before: PodPlan | undefined, now: PodPlan | undefined, moved: Map<string, boolean>): void {
    for (const address of [...(before?.addresses ?? []), ...(now?.addresses ?? [])]) {
      if (!moved.has(address)) moved.set(address, this.#known.has(address));
    }
    for (const address of before?.addresses ?? []) if (this.#known.get(address) === id) this.#known.delete(address);
    for (const address of now?.addresses ?? []) if (this.#isMine(address)) this.#known.set(address, id);
  }

  #use(gate: Gate, direction: Direction, pod: string, peerSets: ReadonlyMap<string, PeerSet>): void {
    const gates = this.#gates[direction];
    const before = gates.get(gate.key);
    const used = new Set<string>();
    const nameOf: SetNamer = (wanted) => {
      const id = 'ranges' in wanted ? `block ${wanted.text}` : setId(wanted);
      used.add(id);
      if (!this.#sources.has(id)) this.#sources.set(id, this.#source(id, wanted, peerSets));
      return (this.#sources.get(id) as { name: string }).name;
    };
    const chain = this.#gateNames[direction].claim(gate.key);
    const text = gateChain(gate, direction, this.#options, nameOf);
    for (const id of used) this.#countSet(id, 1);
    for (const id of before?.sets ?? []) this.#countSet(id, -1);
    this.#put(chain, text);
    gates.set(gate.key, { chain, sets: used, users: (before?.users ?? new Set()).add(pod) });
  }

  #leave({ key }: Gate, direction: Direction, pod: string): void {
    const text = this.#gates[direction].get(key);
    text?.users.delete(pod);
    if (!text || text.users.size > 0) return;
    this.#gates[direction].delete(key);
    this.#gateNames[direction].release(key);
    this.#drop(text.chain);
    for (const id of text.sets) this.#countSet(id, -1);
  }

  #source(id: string, wanted: Parameters<SetNamer>[0], peerSets: ReadonlyMap<string, PeerSet>) {
    const name = this.#setNames.claim(id);
    if ('ranges' in wanted) return { name, type: 'hash:net' as const, members: new Set(wanted.ranges.map(bare)) };
    const set = peerSets.get(id);
    if (!set) throw new Error(`isolation: the plan has a gate that asks for the set "${id}", and no such set`);
    const type = set.kind === 'ports' ? ('hash:ip,port' as const) : ('hash:ip' as const);
    return { name, type, members: ofFamily(set.members, this.#options.family) };
  }

  #countSet(id: string, by: 1 | -1): void {
    const count = (this.#setUsers.get(id) ?? 0) + by;
    if (count > 0) this.#setUsers.set(id, count);
    else this.#setUsers.delete(id);
  }

  /** Sets that nobody uses any more are let go of here and not before: they may have found another user meanwhile. */
  #setWork(change: ReadonlyMap<string, Delta>): SetWork {
    for (const id of this.#sources.keys()) {
      if (id === KNOWN || this.#setUsers.has(id)) continue;
      this.#sources.delete(id);
      this.#setNames.release(id);
    }
    const { sets } = this;
    const before = this.#writtenSets;
    this.#writtenSets = new Set(sets.keys());
    return {
      create: [...sets.values()].filter(({ name }) => !before.has(name)),
      change: new Map([...change].filter(([name]) => before.has(name) && sets.has(name))),
      destroy: [...before].filter((name) => !sets.has(name)),
    };
  }

  #addDelta(into: Map<string, Delta>, id: string, delta: Delta): void {
    const source = this.#sources.get(id);
    if (!source) return;
    const added = delta.added.filter((member) => this.#isMine(member));
    const removed = delta.removed.filter((member) => this.#isMine(member));
    if (added.length + removed.length > 0) into.set(source.name, { added, removed });
  }

  /** The tree from the addresses of all pods with a gate to their chains. */
  #plant(direction: Direction): void {
    const { root, branch, flag } = PLACES[direction];
    const width = this.#options.family === 'IPv4' ? 32 : 128;
    const leaves = [...this.#pods.values()].flatMap((pod) => {
      const gate = pod[direction];
      const chain = gate && this.#gates[direction].get(gate.key)?.chain;
      if (chain === undefined) return [];
      return pod.addresses
        .filter((address) => this.#isMine(address))
        .map((address) => ({ bits: bitsOf(address), rule: `${flag} ${host(address)} -g ${chain}` }));
    });
    const tree = bitTree(
      root,
      leaves.sort((a, b) => (a.bits < b.bits ? -1 : 1)),
      {
        width,
        match: (prefix) => `${flag} ${baseOf(prefix, width)}/${prefix.length}`,
        chain: (prefix) => addressChain(branch, baseOf(prefix, width), prefix.length),
      },
    );
    const [first, last] = [leaves[0]?.bits, leaves.at(-1)?.bits];
    const common = first === undefined || last === undefined ? undefined : commonPrefix(first, last);
    this.#ways[direction] =
      common === undefined
        ? []
        : [words(common === '' ? '' : `${flag} ${baseOf(common, width)}/${common.length}`, `-j ${root}`)];
    for (const chain of this.#trees[direction]) if (!tree.has(chain)) this.#drop(chain);
    for (const [chain, text] of tree) this.#put(chain, text);
    this.#trees[direction] = new Set(tree.keys());
  }

  #layRoot(): void {
    this.#started = true;
    const { family, refusal } = this.#options;
    if (this.#closedRanges.length > 0 && !this.#sources.has(KNOWN)) {
      this.#sources.set(KNOWN, { name: this.#setNames.claim(KNOWN), type: 'hash:ip', members: this.#known });
    }
    const known = this.#sources.get(KNOWN)?.name;
    const closed = refusal === 'drop' ? '-j DROP' : reject(family);
    this.#put(ROOT, [
      '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN',
      // A pod that a Service sends to itself; without a Service its packets do not leave it.
      `${hairpin(family)} -j RETURN`,
      ...this.#closedRanges.flatMap((range) => [
        `-s ${range} -m set ! --match-set ${known} src ${closed}`,
        `-d ${range} -m set ! --match-set ${known} dst ${closed}`,
      ]),
      ...this.#ways.egress,
      ...this.#ways.ingress,
    ]);
  }

  get #closedRanges(): readonly string[] {
    return this.#options.closedRanges.filter((range) => this.#isMine(range));
  }

  #isMine(text: string): boolean {
    return familyOfMember(text) === this.#options.family;
  }

  #put(chain: string, text: Chain): void {
    const before = this.#chains.get(chain);
    if (before && before.length === text.length && before.every((rule, i) => rule === text[i])) return;
    this.#chains.set(chain, text);
    this.#touched.add(chain);
  }

  #drop(chain: string): void {
    if (this.#chains.delete(chain)) this.#touched.add(chain);
  }
}

function commonPrefix(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}

/** Of an address, a range, or an address with a port behind a comma. */
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
