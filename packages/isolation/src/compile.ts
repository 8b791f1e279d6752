import { bitsOf, familyOf } from '@kubecity/routing';
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
  type Touched,
  words,
} from '@kubecity/ruleset';
import { ClaimedNames } from './claimed-names.ts';
import type { Gate } from './gate.ts';
import { gateChain, type SetNamer } from './gate-text.ts';
import type { KernelSet, SetWork } from './kernel-set.ts';
import { LiveSet } from './live-set.ts';
import type { IsolationOptions } from './options.ts';
import type { PeerSet } from './peer-set.ts';
import type { IsolationChange, IsolationPlan, PodPlan } from './plan.ts';
import { ALL_PODS, DIRECTIONS, type Direction } from './policy.ts';
import { UsedSets } from './used-sets.ts';

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

/** Id of the set of addresses that pods of this node are known to have. */
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
  readonly #sets: UsedSets;
  /** Addresses of this node's pods, where others of their ranges are closed. */
  readonly #known = new LiveSet({ peer: ALL_PODS });
  readonly #knownName: string | undefined;
  #started = false;

  constructor(options: IsolationOptions) {
    this.#options = options;
    this.#sets = new UsedSets(options.family);
    if (this.#closedRanges.length > 0) this.#knownName = this.#sets.keep(KNOWN, this.#known.members);
    const gates = (direction: Direction) =>
      new ClaimedNames((key) => chainName(PLACES[direction].gate, key, key.split('/')[1]?.split(' ')[0] ?? ''));
    this.#gateNames = { ingress: gates('ingress'), egress: gates('egress') };
  }

  /** Our chains, and the jump that must stand before any rule that accepts. The maps live on with the compiler. */
  get ruleset(): Ruleset {
    const jump: Jump = { table: 'filter', from: 'FORWARD', rule: `-j ${ROOT}` };
    const sets = new Set(this.sets.keys());
    return { family: this.#options.family, chains: { filter: this.#chains, nat: new Map() }, jumps: [jump], sets };
  }

  /** Every set in use, by name. */
  get sets(): ReadonlyMap<string, KernelSet> {
    return this.#sets.all;
  }

  /** To be called with every change that the tracker hands out, while that is the newest. */
  update({ plan, pods, sets }: IsolationChange): IsolationUpdate {
    this.#followPods(plan, pods);
    this.#layRoot();
    this.#started = true;
    const work = this.#sets.takeWork(new Map([...sets.changed, [KNOWN, this.#known.takeDelta()]]));
    const chains = new Set(this.#touched);
    this.#touched.clear();
    return { chains: { filter: chains, nat: new Set() }, sets: work };
  }

  #followPods(plan: IsolationPlan, pods: ReadonlySet<string>): void {
    const planted = new Set<Direction>();
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
      this.#known.put(id, now);
    }
    for (const direction of this.#started ? planted : DIRECTIONS) this.#plant(direction);
  }

  #use(gate: Gate, direction: Direction, pod: string, peerSets: ReadonlyMap<string, PeerSet>): void {
    const gates = this.#gates[direction];
    const before = gates.get(gate.key);
    const used = new Set<string>();
    const nameOf: SetNamer = (wanted) => {
      const { id, name } = this.#sets.find(wanted, peerSets);
      used.add(id);
      return name;
    };
    const chain = this.#gateNames[direction].claim(gate.key);
    const text = gateChain(gate, direction, this.#options, nameOf);
    this.#sets.count(used, 1);
    this.#sets.count(before?.sets ?? [], -1);
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
    this.#sets.count(text.sets, -1);
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
    const { family, refusal } = this.#options;
    const closed = refusal === 'drop' ? '-j DROP' : reject(family);
    this.#put(ROOT, [
      '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN',
      // A pod that a Service sends to itself; without a Service its packets do not leave it.
      `${hairpin(family)} -j RETURN`,
      ...this.#closedRanges.flatMap((range) => [
        `-s ${range} -m set ! --match-set ${this.#knownName} src ${closed}`,
        `-d ${range} -m set ! --match-set ${this.#knownName} dst ${closed}`,
      ]),
      ...this.#ways.egress,
      ...this.#ways.ingress,
    ]);
  }

  get #closedRanges(): readonly string[] {
    return this.#options.closedRanges.filter((range) => this.#isMine(range));
  }

  #isMine(text: string): boolean {
    return familyOf(text) === this.#options.family;
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
