import { cleanRange, type RoutingTable, rangeHolds, type ServicePort, type ServicePortId } from '@kubecity/routing';
import { dispatch, PLACES } from './dispatch.ts';
import { fixedChains, jumps, nodePortExceptions } from './fixed.ts';
import { clusterRanges } from './gateway.ts';
import type { CompileOptions } from './options.ts';
import { type Door, type DoorPlace, type Part, partOf } from './part.ts';
import { planServicePort } from './plan.ts';
import { CLOSED } from './rule.ts';
import { type Chain, type Ruleset, TABLES, type Table } from './ruleset.ts';

/** Names of chains whose text is other than before, per table; one that is not in the ruleset any more is gone. */
export type Touched = Readonly<Record<Table, ReadonlySet<string>>>;

export interface ServicePlaces {
  /** In nat. */
  readonly own: readonly string[];
  readonly shared: readonly SharedChain[];
}

export interface SharedChain {
  readonly table: Table;
  readonly chain: string;
  /** Rules in it that lead to, or speak for, the service ports asked for. */
  readonly doors: readonly string[];
}

/**
 * Routing table → ruleset of one family, kept up to date: a change costs the chains of its own service port, and the tree
 * of doors only if a door came, went or leads elsewhere.
 */
export class Compiler {
  #options: CompileOptions;
  #reconfigured = false;
  readonly #parts = new Map<ServicePortId, Part>();
  readonly #chains: Record<Table, Map<string, Chain>> = { filter: new Map(), nat: new Map() };
  /** Chains of each tree of doors, root included. */
  readonly #trees = new Map<DoorPlace, ReadonlySet<string>>();
  readonly #withDoors = new Set<DoorPlace>();
  #clusterRanges: readonly string[] = [];
  readonly #sets = new Set<string>();
  #touched: Record<Table, Set<string>> = { filter: new Set(), nat: new Set() };

  constructor(options: CompileOptions) {
    this.#options = options;
    for (const place of Object.keys(PLACES) as DoorPlace[]) this.#plant(place);
    this.#layFixed();
  }

  /** The current text; the maps are live and change with the next `update`. */
  get ruleset(): Ruleset {
    return { family: this.#options.family, chains: this.#chains, jumps: jumps(this.#options), sets: this.#sets };
  }

  get options(): CompileOptions {
    return this.#options;
  }

  /** The next `update` compiles everything anew. The family stays. */
  configure(options: CompileOptions): void {
    this.#options = { ...options, family: this.#options.family };
    this.#reconfigured = true;
  }

  /**
   * @param ports by id; those of the other family are passed over
   * @param changed ids whose value differs from the last call (new, changed or gone)
   * @returns what differs since the last `update`
   */
  update(ports: ReadonlyMap<ServicePortId, ServicePort>, changed: Iterable<ServicePortId>): Touched {
    const places = new Set<DoorPlace>();
    for (const id of this.#reconfigured ? new Set([...this.#parts.keys(), ...ports.keys()]) : changed) {
      const port = ports.get(id);
      if (port?.family === this.#options.family) this.#replace(id, this.#compilePart(port), places);
      else this.#replace(id, undefined, places);
    }
    for (const place of this.#reconfigured ? (Object.keys(PLACES) as DoorPlace[]) : places) this.#plant(place);
    this.#layFixed();
    this.#reconfigured = false;
    const touched = this.#touched;
    this.#touched = { filter: new Set(), nat: new Set() };
    return touched;
  }

  /** Whose service ports a chain or one of its rules belongs to; empty for what belongs to all. */
  ownersOf(chain: string, rule?: string): ServicePortId[] {
    const owners: ServicePortId[] = [];
    for (const [id, { chains, doors }] of this.#parts) {
      if (chains.has(chain) || (rule !== undefined && doors.some((door) => door.rule === rule))) owners.push(id);
    }
    return owners;
  }

  /**
   * Where the rules of these service ports stand: chains of their own, then the chains of all that have doors of theirs,
   * with just the rules of these doors.
   */
  placesOf(ids: Iterable<ServicePortId>): ServicePlaces {
    const parts = [...ids].flatMap((id) => this.#parts.get(id) ?? []);
    const shared: SharedChain[] = [];
    for (const [place, chains] of this.#trees) {
      const rules = new Set(parts.flatMap(({ doors }) => doors.filter((door) => door.place === place)).map(ruleOf));
      const { table } = PLACES[place];
      for (const chain of rules.size > 0 ? chains : []) {
        const doors = (this.#chains[table].get(chain) ?? []).filter((rule) => rules.has(rule));
        if (doors.length > 0) shared.push({ table, chain, doors });
      }
    }
    return { own: parts.flatMap(({ chains }) => [...chains.keys()]), shared };
  }

  ids(): Iterable<ServicePortId> {
    return this.#parts.keys();
  }

  /** The value that the current text of a service port was compiled from. */
  compiled(id: ServicePortId): ServicePort | undefined {
    return this.#parts.get(id)?.port;
  }

  #compilePart(port: ServicePort): Part {
    const mayCall = (text: string) => {
      const range = cleanRange(text);
      return range !== undefined && this.#options.nodeAddresses.some((address) => rangeHolds(range, address));
    };
    return partOf(planServicePort(port, mayCall), this.#options);
  }

  #replace(id: ServicePortId, part: Part | undefined, places: Set<DoorPlace>): void {
    const before = this.#parts.get(id);
    if (!before && !part) return;
    for (const chain of before?.chains.keys() ?? []) if (!part?.chains.has(chain)) this.#drop('nat', chain);
    for (const [chain, text] of part?.chains ?? []) this.#put('nat', chain, text);
    for (const set of before?.sets ?? []) this.#sets.delete(set);
    for (const set of part?.sets ?? []) this.#sets.add(set);
    if (!sameDoors(before?.doors ?? [], part?.doors ?? [])) {
      for (const door of [...(before?.doors ?? []), ...(part?.doors ?? [])]) places.add(door.place);
    }
    if (part) this.#parts.set(id, part);
    else this.#parts.delete(id);
  }

  #plant(place: DoorPlace): void {
    const { table, root } = PLACES[place];
    const doors: Door[] = [];
    for (const part of this.#parts.values()) for (const door of part.doors) if (door.place === place) doors.push(door);
    if (place === 'services') this.#clusterRanges = clusterRanges(doors, this.#options.family);
    const tree = dispatch(place, doors, this.#options.family);
    if (place === 'nodePorts' && doors.length > 0) {
      tree.set(root, [...nodePortExceptions(this.#options), ...(tree.get(root) ?? [])]);
    }
    for (const chain of this.#trees.get(place) ?? []) if (!tree.has(chain)) this.#drop(table, chain);
    for (const [chain, text] of tree) this.#put(table, chain, text);
    this.#trees.set(place, new Set(tree.keys()));
    if (doors.length > 0) this.#withDoors.add(place);
    else this.#withDoors.delete(place);
  }

  #layFixed(): void {
    const fixed = fixedChains(this.#options, (place) => !this.#withDoors.has(place), this.#clusterRanges);
    for (const table of TABLES) for (const [chain, text] of fixed[table]) this.#put(table, chain, text);
    if (!fixed.filter.has('CITY-MARTIAN')) this.#drop('filter', 'CITY-MARTIAN');
    if (!fixed.nat.has(CLOSED)) this.#drop('nat', CLOSED);
  }

  #put(table: Table, chain: string, text: Chain): void {
    if (sameText(this.#chains[table].get(chain), text)) return;
    this.#chains[table].set(chain, text);
    this.#touched[table].add(chain);
  }

  #drop(table: Table, chain: string): void {
    if (this.#chains[table].delete(chain)) this.#touched[table].add(chain);
  }
}

/** The whole ruleset from nothing: what an incremental `Compiler` must always equal. */
export function compile(table: RoutingTable, options: CompileOptions): Ruleset {
  const compiler = new Compiler(options);
  compiler.update(table.servicePorts, table.servicePorts.keys());
  return compiler.ruleset;
}

export function sameText(a: Chain | undefined, b: Chain): boolean {
  return a === b || (a !== undefined && a.length === b.length && a.every((line, i) => line === b[i]));
}

const ruleOf = ({ rule }: Door): string => rule;

function sameDoors(a: readonly Door[], b: readonly Door[]): boolean {
  return a.length === b.length && a.every((door, i) => door.rule === b[i]?.rule && door.place === b[i]?.place);
}
