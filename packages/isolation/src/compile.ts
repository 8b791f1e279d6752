import { familyOf } from '@kubecity/routing';
import { type Chain, chainName, type Ruleset, type Touched } from '@kubecity/ruleset';
import { ClaimedNames } from './claimed-names.ts';
import type { Gate } from './gate.ts';
import { type GateText, gateText, type SetNamer } from './gate-text.ts';
import { GateTree, type GateTreeOptions } from './gate-tree.ts';
import type { KernelSet, SetWork } from './kernel-set.ts';
import { LiveSet } from './live-set.ts';
import type { IsolationOptions } from './options.ts';
import type { PeerSet } from './peer-set.ts';
import type { IsolationChange, IsolationPlan, PodPlan } from './plan.ts';
import { ALL_PODS, DIRECTIONS, type Direction } from './policy.ts';
import { REFUSED, refusedChain } from './refused.ts';
import { rootChains, rootJumps } from './root-text.ts';
import { UsedSets } from './used-sets.ts';

/** Chains sort before those that they lead to, which iptables-nft writes faster (see `renderRestore`). */
const PLACES: Readonly<Record<Direction, Omit<GateTreeOptions, 'family'> & { readonly gate: string }>> = {
  egress: { root: 'CITY-ISOLATION-FROM', branch: 'IF', gate: 'JF', flag: '-s' },
  ingress: { root: 'CITY-ISOLATION-TO', branch: 'IT', gate: 'JT', flag: '-d' },
};

/** What differs in the kernel text since the last update. */
export interface IsolationUpdate {
  readonly chains: Touched;
  readonly sets: SetWork;
}

/** A chain that all pods with the same gate are led to. */
interface GateChain {
  readonly chain: string;
  readonly policies: Gate['policies'];
  readonly by: GateText['by'];
  readonly sets: ReadonlySet<string>;
  readonly users: Set<string>;
}

/** What the counters of one chain's rules mean. */
export interface CountedGate {
  readonly chain: string;
  readonly rules: Chain;
  readonly direction: Direction;
  /** For each rule but the last: the policies that it lets go for. The last one refuses, for all of `policies`. */
  readonly by: GateText['by'];
  readonly policies: Gate['policies'];
  /** Ids of the pods behind it. */
  readonly pods: ReadonlySet<string>;
}

/** Id of the set of addresses that pods of this node are known to have. */
const KNOWN = 'known';
/** Id of the set of connections that were ended: `10.244.1.5,tcp:80,10.244.2.7` is who served on which port, and whom. */
const ENDED = 'ended';
/**
 * Seconds. As long as peers may be silent before they take an ended connection up again. It refuses nobody else: only packets
 * in the middle of a connection that the kernel does not know.
 */
const ENDED_SECONDS = 86_400;

/**
 * Plan → text of one family, incrementally: `update` compiles what changed.
 *
 * A new connection that is forwarded passes a tree over the source's address to the gate of what the sender may open, and,
 * unless refused there, a tree over the destination's address to the gate of who may come. The rules of a gate let go with
 * RETURN, which leads back behind the tree: nothing is ever accepted here, so what others have to say is still said.
 * Packets of the node itself do not come by, and those to it only where options ask for that.
 */
export class IsolationCompiler {
  readonly #options: IsolationOptions;
  readonly #chains = new Map<string, Chain>();
  readonly #touched = new Set<string>();
  readonly #gates: Readonly<Record<Direction, Map<string, GateChain>>> = { ingress: new Map(), egress: new Map() };
  readonly #gateNames: Readonly<Record<Direction, ClaimedNames>>;
  /** Keys of gates that this update has compiled: another pod's gate of the same key says the same. */
  readonly #compiled = new Set<string>();
  readonly #trees: Readonly<Record<Direction, GateTree>>;
  /** Names of the chains of each tree. */
  readonly #branches: Record<Direction, ReadonlySet<string>> = { ingress: new Set(), egress: new Set() };
  /** Of ROOT, into each tree. */
  readonly #ways: Record<Direction, Chain> = { ingress: [], egress: [] };
  readonly #pods = new Map<string, PodPlan>();
  readonly #sets: UsedSets;
  /** Addresses of this node's pods, where others of their ranges are closed. */
  readonly #known = new LiveSet({ peer: ALL_PODS });
  readonly #knownName: string | undefined;
  /** Name of the set of connections that were ended, for whoever ends some. */
  readonly endedSet: string;

  constructor(options: IsolationOptions) {
    this.#options = options;
    this.#sets = new UsedSets(options.family);
    if (this.#closedRanges.length > 0) this.#knownName = this.#sets.keep(KNOWN, this.#known.members);
    this.endedSet = this.#sets.keepFleeting(ENDED, 'hash:ip,port,ip', ENDED_SECONDS);
    const gates = (direction: Direction) =>
      new ClaimedNames((key) => chainName(PLACES[direction].gate, key, key.split('/')[1]?.split(' ')[0] ?? ''));
    this.#gateNames = { ingress: gates('ingress'), egress: gates('egress') };
    const tree = (direction: Direction) => new GateTree({ ...PLACES[direction], family: options.family });
    this.#trees = { ingress: tree('ingress'), egress: tree('egress') };
  }

  /** Our chains, and the jumps that must stand before any rule that accepts. The maps live on with the compiler. */
  get ruleset(): Ruleset {
    const jumps = rootJumps(this.#options, this.#closedRanges);
    const sets = new Set(this.sets.keys());
    return { family: this.#options.family, chains: { filter: this.#chains, nat: new Map() }, jumps, sets };
  }

  /** What counters say of policies and pods; one for each chain of a gate. */
  *countedGates(): Generator<CountedGate> {
    for (const direction of DIRECTIONS) {
      for (const { chain, by, policies, users: pods } of this.#gates[direction].values()) {
        yield { chain, rules: this.#chains.get(chain) ?? [], direction, by, policies, pods };
      }
    }
  }

  /** Every set in use, by name. */
  get sets(): ReadonlyMap<string, KernelSet> {
    return this.#sets.all;
  }

  /** To be called with every change that the tracker hands out, while that is the newest. */
  update({ plan, pods, sets }: IsolationChange): IsolationUpdate {
    this.#followPods(plan, pods);
    for (const direction of DIRECTIONS) this.#plant(direction);
    this.#layRoot();
    const work = this.#sets.takeWork(new Map([...sets.changed, [KNOWN, this.#known.takeDelta()]]));
    const chains = new Set(this.#touched);
    this.#touched.clear();
    return { chains: { filter: chains, nat: new Set() }, sets: work };
  }

  #followPods(plan: IsolationPlan, pods: ReadonlySet<string>): void {
    this.#compiled.clear();
    for (const id of pods) {
      const before = this.#pods.get(id);
      const now = plan.pods.get(id);
      for (const direction of DIRECTIONS) {
        const gate = now?.[direction];
        const chain = gate && this.#use(gate, direction, id, plan.sets);
        if (before?.[direction] && before[direction].key !== gate?.key) this.#leave(before[direction], direction, id);
        this.#trees[direction].put(id, now?.addresses ?? [], chain);
      }
      if (now) this.#pods.set(id, now);
      else this.#pods.delete(id);
      this.#known.put(id, now);
    }
  }

  /** @returns the gate's chain */
  #use(gate: Gate, direction: Direction, pod: string, peerSets: ReadonlyMap<string, PeerSet>): string {
    const gates = this.#gates[direction];
    const before = gates.get(gate.key);
    if (before && this.#compiled.has(gate.key)) {
      before.users.add(pod);
      return before.chain;
    }
    const used = new Set<string>();
    const nameOf: SetNamer = (wanted) => {
      const { id, name } = this.#sets.find(wanted, peerSets);
      used.add(id);
      return name;
    };
    const chain = this.#gateNames[direction].claim(gate.key);
    const { rules, by } = gateText(gate, direction, this.#options, nameOf);
    this.#sets.count(used, 1);
    this.#sets.count(before?.sets ?? [], -1);
    this.#put(chain, rules);
    const users = (before?.users ?? new Set()).add(pod);
    gates.set(gate.key, { chain, policies: gate.policies, by, sets: used, users });
    this.#compiled.add(gate.key);
    return chain;
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
    const tree = this.#trees[direction].take();
    if (!tree) return;
    this.#ways[direction] = tree.way;
    for (const chain of this.#branches[direction]) if (!tree.chains.has(chain)) this.#drop(chain);
    for (const [chain, text] of tree.chains) this.#put(chain, text);
    this.#branches[direction] = new Set(tree.chains.keys());
  }

  #layRoot(): void {
    const root = rootChains({
      options: this.#options,
      ranges: this.#closedRanges,
      knownSet: this.#knownName ?? '',
      endedSet: this.endedSet,
      ways: this.#ways,
    });
    this.#put(REFUSED, refusedChain(this.#options));
    for (const [chain, text] of root) this.#put(chain, text);
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
