import { type Ipset, type Netfilter, NetfilterError } from '@kubecity/netfilter';
import type { ServicePort, ServicePortId } from '@kubecity/routing';
import {
  type CompileOptions,
  type Compiler,
  changesOf,
  countRules,
  diff,
  firstDifference,
  isEmpty,
  type KernelState,
  refusesSomebody,
  renderRestore,
  stateOf,
  TABLES,
  type Table,
  type Touched,
  type Transaction,
} from '@kubecity/ruleset';
import { AffinitySets } from './affinity-sets.ts';
import { chainsDiffer, ReadBackError, readKernel, worthReadingWhole } from './kernel-reading.ts';
import { type Isolated, isRefusal, Suspects } from './suspects.ts';

/** One sync that ended with the kernel holding what is wished, except for the service ports in `isolated`. */
export interface SyncResult {
  /** All our chains and rules of this family, jumps included. */
  readonly size: { readonly chains: number; readonly rules: number };
  /** What this sync wrote. */
  readonly wrote: { readonly chains: number; readonly rules: number };
  readonly byTable: Readonly<Record<Table, { readonly rules: number; readonly written: number }>>;
  /** The kernel was read as a whole: at start, after a failure, at a check. */
  readonly full: boolean;
  /** In words, when the kernel was not as we had left it. */
  readonly drift?: string;
  /** Service ports whose text the kernel refuses; they stay as they were before (or absent), all others are served. */
  readonly isolated: readonly Isolated[];
  /** Milliseconds. */
  readonly time: { readonly compile: number; readonly write: number; readonly readBack: number };
}

export interface RuleSyncOptions {
  readonly compiler: Compiler;
  readonly netfilter: Netfilter;
  readonly ipset: Ipset;
  /** Jumps were laid into chains of filter, where isolation's must come first. */
  readonly laid?: () => void;
  /** Milliseconds from any start. */
  readonly now?: () => number;
}

/** One chain that would be other than it is wished now; empty = it is not there. */
export interface ChainChange {
  readonly table: Table;
  readonly chain: string;
  readonly before: string[];
  readonly after: string[];
}

interface Written {
  readonly wrote: Transaction;
  readonly drift?: string;
}

/**
 * Wish → kernel, one family. While it knows what the kernel holds it writes only the chains that changed and reads back
 * just those; at start, after a failure and at each check it trusts nothing and reads the kernel, so that a restart
 * rewrites nothing that is already right and drift is repaired chain by chain.
 *
 * A text that the kernel refuses is narrowed down to the service port it belongs to. That one keeps what it had, everything
 * else goes on.
 */
export class RuleSync {
  readonly #compiler: Compiler;
  readonly #netfilter: Netfilter;
  readonly #sets: AffinitySets;
  readonly #laid: () => void;
  readonly #now: () => number;
  /** The kernel holds what the compiler said at the last success. */
  #known = false;
  #checkDue = false;
  readonly #touched: Record<Table, Set<string>> = { filter: new Set(), nat: new Set() };
  readonly #suspects: Suspects;
  /** Some service port's refusal went since the last success. */
  #opening = false;
  #ports: ReadonlyMap<ServicePortId, ServicePort> = new Map();
  #commits = 0;
  /** The next compilation is of everything. */
  #reconfigured = false;

  constructor({ compiler, netfilter, ipset, laid = () => {}, now = () => 0 }: RuleSyncOptions) {
    this.#compiler = compiler;
    this.#netfilter = netfilter;
    this.#sets = new AffinitySets(ipset, compiler.options.family);
    this.#laid = laid;
    this.#now = now;
    this.#suspects = new Suspects(compiler);
  }

  /** Transactions committed so far: each moves the kernel's generation of nf_tables by one. */
  get commits(): number {
    return this.#commits + this.#sets.commits;
  }

  /** The next sync compares with the kernel even if nothing changed, and tries again what had been isolated. */
  check(): void {
    this.#checkDue = true;
  }

  /** Others have written, or where rules are written is another place: the next sync trusts nothing. */
  forget(): void {
    this.#known = false;
  }

  /** Everything is compiled anew at the next sync. */
  configure(options: CompileOptions): void {
    for (const id of this.#compiler.ids()) this.#suspects.add(id);
    this.#compiler.configure(options);
    this.#reconfigured = true;
  }

  /** New options wait for the next sync. */
  get reconfigured(): boolean {
    return this.#reconfigured;
  }

  /**
   * Chains that would differ if these service ports were wished; the compiler is as before when it returns. Not to be called
   * while `reconfigured`.
   * @param ids those whose value in `ports` differs from the last sync's
   */
  preview(ports: ReadonlyMap<ServicePortId, ServicePort>, ids: ReadonlySet<ServicePortId>): ChainChange[] {
    const before = new Map<ServicePortId, ServicePort>();
    for (const id of ids) {
      const port = this.#compiler.compiled(id);
      if (port) before.set(id, port);
    }
    const { chains } = this.#compiler.ruleset;
    const rulesOf = (table: Table, chain: string) => [...(chains[table].get(chain) ?? [])];
    const touched = this.#compiler.update(ports, ids);
    const changes = TABLES.flatMap((table) =>
      [...touched[table]].map((chain) => ({ table, chain, after: rulesOf(table, chain) })),
    );
    this.#compiler.update(before, ids);
    return changes.map((change) => ({ ...change, before: rulesOf(change.table, change.chain) }));
  }

  /**
   * @param ports all service ports by id, both families; only this one's are used
   * @param changed ids that differ since the last call, whether that succeeded or not
   */
  async sync(ports: ReadonlyMap<ServicePortId, ServicePort>, changed: ReadonlySet<ServicePortId>): Promise<SyncResult> {
    const start = this.#now();
    this.#ports = ports;
    const again = this.#checkDue ? this.#suspects.isolatedIds : [];
    for (const id of [...changed, ...again]) this.#suspects.add(id);
    const full = !this.#known || this.#checkDue;
    if (full) this.#sets.doubt();
    // While another process reads the kernel, this one compiles.
    const reading = full ? readKernel(this.#netfilter, 'routing') : undefined;
    this.#compile(new Set([...changed, ...again]));
    const compiled = this.#now();
    const { drift, wrote } = reading ? await this.#writeDifference(await reading) : await this.#writeChanges();
    const written = this.#now();
    if (wrote.chains + wrote.rules > 0) await this.#readBack(full);
    const end = this.#now();
    this.#settle();
    await this.#sets.sweep(this.#compiler.ruleset.sets);
    return {
      size: countRules(this.#compiler.ruleset),
      wrote: { chains: wrote.chains, rules: wrote.rules },
      byTable: { filter: this.#figures('filter', wrote), nat: this.#figures('nat', wrote) },
      full,
      ...(drift !== undefined && { drift }),
      isolated: this.#suspects.isolated,
      time: { compile: compiled - start, write: written - compiled, readBack: end - written },
    };
  }

  #compile(ids: Iterable<ServicePortId>, ports = this.#ports): void {
    for (const id of ids) this.#opening ||= refuses(this.#compiler.compiled(id)) && !refuses(ports.get(id));
    const touched: Touched = this.#compiler.update(ports, ids);
    this.#reconfigured = false;
    for (const table of TABLES) for (const chain of touched[table]) this.#touched[table].add(chain);
  }

  /**
   * Refusals stand in filter, the ways to backends in nat, and each table is committed for itself. Who finds neither leaves the
   * node for the Service's address as it is, and conntrack keeps it so when it asks again. So a refusal comes before nat and goes
   * after it. Where some come and others go, the ways of those that open are first: who asks in between for one that closes is
   * still new to conntrack when it asks again, and is refused then.
   */
  #inOrder(transaction: Transaction): Transaction {
    const laysJumps = TABLES.some((table) => transaction.tables[table]?.addJumps.length);
    return this.#opening && !laysJumps ? { ...transaction, natFirst: true } : transaction;
  }

  /** The kernel is known: only what was touched is written. */
  async #writeChanges(): Promise<Written> {
    let wrote = changesOf(this.#compiler.ruleset, this.#touched);
    if (isEmpty(wrote)) return { wrote };
    // Whatever happens in between, the kernel is unknown until it has been read back.
    this.#known = false;
    wrote = await this.#apply(async () => changesOf(this.#compiler.ruleset, this.#touched));
    return { wrote };
  }

  async #writeDifference(reading: KernelState): Promise<Written> {
    let found = reading;
    const drift = this.#known ? this.#driftIn(found) : undefined;
    this.#known = false;
    let tried = false;
    const difference = async () => {
      // A restore that was refused may have committed some of its tables.
      if (tried) found = await readKernel(this.#netfilter, 'routing');
      tried = true;
      return diff(found, stateOf(this.#compiler.ruleset));
    };
    const wrote = await this.#apply(difference);
    return { wrote, ...(drift !== undefined && { drift }) };
  }

  /** Differences in chains that nobody wished to change since the last success. */
  #driftIn(found: Awaited<ReturnType<typeof readKernel>>): string | undefined {
    const wanted = stateOf(this.#compiler.ruleset);
    if (TABLES.every((table) => this.#touched[table].size === 0)) return firstDifference(wanted, found);
    const untouched = (state: typeof wanted) => ({
      ...state,
      chains: {
        filter: without(state.chains.filter, this.#touched.filter),
        nat: without(state.chains.nat, this.#touched.nat),
      },
    });
    return firstDifference(untouched(wanted), untouched(found));
  }

  /** Writes; what the kernel refuses is narrowed down to service ports, which go back to what they were. */
  async #apply(wanted: () => Promise<Transaction>): Promise<Transaction> {
    for (;;) {
      const transaction = await wanted();
      if (isEmpty(transaction)) return transaction;
      try {
        await this.#write(transaction);
        return transaction;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        const culprits = this.#suspects.culprits(error);
        if (culprits.length > 0) this.#isolate(culprits, error.message);
        else return await this.#search(wanted, error);
      }
    }
  }

  async #write(transaction: Transaction): Promise<void> {
    await this.#sets.prepare(this.#compiler.ruleset.sets);
    this.#commits += await this.#netfilter.restore(renderRestore(this.#inOrder(transaction)));
    if (transaction.tables.filter?.addJumps.length) this.#laid();
  }

  #isolate(ids: readonly ServicePortId[], reason: string): void {
    this.#suspects.isolate(ids, this.#ports, reason);
    this.#revert(ids);
  }

  #revert(ids: readonly ServicePortId[]): void {
    this.#compile(ids, this.#suspects.before(ids));
  }

  /** Nobody named a line: halves of what changed are tried until the refused ones stand alone. */
  async #search(wanted: () => Promise<Transaction>, cause: NetfilterError): Promise<Transaction> {
    const suspects = this.#suspects.open;
    this.#revert(suspects);
    // If not even the old state is taken, no service port is to blame.
    const rest = await wanted();
    if (!isEmpty(rest)) await this.#write(rest);
    let { chains, rules } = rest;
    const attempt = async (ids: readonly ServicePortId[]): Promise<void> => {
      this.#compile(ids);
      try {
        const part = changesOf(this.#compiler.ruleset, this.#touched);
        if (!isEmpty(part)) await this.#write(part);
        chains += part.chains;
        rules += part.rules;
      } catch (error) {
        if (!(error instanceof NetfilterError) || error.code !== 'refused') throw error;
        this.#revert(ids);
        if (ids.length === 1) return this.#isolate(ids, error.message);
        const half = Math.ceil(ids.length / 2);
        await attempt(ids.slice(0, half));
        await attempt(ids.slice(half));
      }
    };
    if (suspects.length === 0) throw cause;
    await attempt(suspects);
    return { ...rest, chains, rules };
  }

  async #readBack(full: boolean): Promise<void> {
    const { ruleset } = this.#compiler;
    const whole = full || worthReadingWhole(ruleset, this.#touched);
    const difference = whole
      ? firstDifference(stateOf(ruleset), await readKernel(this.#netfilter, 'routing'))
      : await chainsDiffer(this.#netfilter, ruleset, this.#touched);
    if (difference) throw new ReadBackError(difference);
  }

  #figures(table: Table, { tables }: Transaction) {
    let rules = 0;
    for (const chain of this.#compiler.ruleset.chains[table].values()) rules += chain.length;
    return { rules, written: (tables[table]?.write ?? []).reduce((sum, { rules: list }) => sum + list.length, 0) };
  }

  #settle(): void {
    this.#known = true;
    this.#checkDue = false;
    this.#suspects.settle();
    this.#opening = false;
    for (const table of TABLES) this.#touched[table].clear();
  }
}

const refuses = (port: ServicePort | undefined): boolean => port !== undefined && refusesSomebody(port);

function without<T>(map: ReadonlyMap<string, T>, names: ReadonlySet<string>): ReadonlyMap<string, T> {
  return new Map([...map].filter(([name]) => !names.has(name)));
}
