import {
  compareSets,
  type IsolationChange,
  type IsolationCompiler,
  type IsolationUpdate,
  isNoWork,
  parseSets,
  type SetWork,
} from '@kubecity/isolation';
import type { Ipset, Netfilter } from '@kubecity/netfilter';
import {
  changesOf,
  countRules,
  diff,
  firstDifference,
  isEmpty,
  parseSave,
  type Ruleset,
  stateOf,
  TABLES,
  type Transaction,
} from '@kubecity/ruleset';
import { discardSets } from '../rules/cleanup.ts';
import { chainsDiffer, ReadBackError, readKernel, worthReadingWhole } from '../rules/kernel-reading.ts';
import { isRefusal } from '../rules/suspects.ts';
import { foreignHand } from './foreign-hand.ts';
import { type RuleWriter, writeIsolation } from './isolation-writer.ts';
import { RefusedGates } from './refused-gates.ts';

/** One sync that ended with the kernel holding what is wished. */
export interface IsolationSyncResult {
  /** All our rules of this family, jumps included, and sets. */
  readonly rules: number;
  readonly sets: number;
  readonly wrote: { readonly chains: number; readonly rules: number; readonly sets: number };
  /** In words, when the kernel was not as we had left it. */
  readonly drift?: string;
  /** In words, where the kernel does not take a gate, which is closed altogether therefore. */
  readonly closed?: string;
  /** In words, where the kernel does not remember who was refused. */
  readonly untold?: string;
}

export interface IsolationSyncOptions {
  readonly compiler: IsolationCompiler;
  readonly netfilter: Netfilter;
  readonly ipset: Ipset;
  /** Milliseconds. */
  readonly now: () => number;
}

/** What a check reads: members of sets move without the kernel counting it, rules do not. */
export type CheckScope = 'sets' | 'all';

/**
 * Plan → kernel, one family. While it knows what the kernel holds it writes only what changed; at start, after a failure and
 * at a check it reads the kernel and writes the difference, so that a restart rewrites nothing that is already right. At every
 * step between two states a packet passes only if the old or the new one lets it.
 */
export class IsolationSync {
  readonly #compiler: IsolationCompiler;
  readonly #netfilter: Netfilter;
  readonly #ipset: Ipset;
  /** The kernel holds what the compiler said at the last success. */
  #known = false;
  #check: CheckScope | undefined;
  /** Compiled since then. */
  #update: IsolationUpdate | undefined;
  /** Sets that no rule asks any more, which the kernel has not let go of. */
  #doomed: readonly string[] = [];
  #commits = 0;
  readonly #refused: RefusedGates;

  constructor({ compiler, netfilter, ipset, now }: IsolationSyncOptions) {
    this.#compiler = compiler;
    this.#netfilter = netfilter;
    this.#ipset = ipset;
    this.#refused = new RefusedGates(netfilter, now);
  }

  /** Transactions committed so far: each moves the kernel's generation of nf_tables by one. */
  get commits(): number {
    return this.#commits;
  }

  /** The next sync compares with the kernel even if nothing changed. */
  check(scope: CheckScope): void {
    if (this.#check !== 'all') this.#check = scope;
  }

  /** The next sync trusts nothing. */
  forget(): void {
    this.#known = false;
  }

  /** Compiles. Every change is to be told, in order, whatever becomes of the syncs. */
  take(change: IsolationChange): void {
    this.#update = this.#compiler.update(change);
    this.#refused.tryAgain(this.#update.chains.filter);
  }

  /** What the kernel shall hold. */
  get #ruleset(): Ruleset {
    return this.#refused.closedIn(this.#compiler.ruleset);
  }

  /** Whether a sync would have anything to do. */
  get isDue(): boolean {
    const isAsked = !this.#known || this.#check !== undefined || this.#doomed.length > 0 || this.isRetryDue;
    return isAsked || !isNothing(this.#update);
  }

  /** What the kernel did not take is to be tried again. */
  get isRetryDue(): boolean {
    return this.#refused.isDue;
  }

  /** What the next sync compares with the kernel. */
  get scope(): CheckScope | undefined {
    return this.#known ? this.#check : 'all';
  }

  /** Whether packets may pass by what is enforced: a jump is gone or stands behind rules of others. Costs a few milliseconds. */
  async isBypassed(): Promise<boolean> {
    const { jumps } = this.#compiler.ruleset;
    const hooks = new Set(jumps.map(({ from }) => from));
    const found = parseSave(await this.#netfilter.list('filter', hooks));
    return found.passedOver.length > 0 || jumps.some(({ from, rule }) => !found.jumps.includes(`${from} ${rule}`));
  }

  /** Sets wait for the kernel to let go of them. */
  get isDiscarding(): boolean {
    return this.#doomed.length > 0;
  }

  /** @param saved the kernel's sets as `ipset save` prints them */
  async sync(saved: () => Promise<string>): Promise<IsolationSyncResult> {
    this.#update = withChains(this.#update, this.#refused.tryDue());
    const { rules, sets, drift } = await this.#work(saved);
    const wrote = { chains: rules.chains, rules: rules.rules, sets: sets.create.length + sets.change.size };
    const whole = this.scope === 'all';
    if (!isEmpty(rules) || !isNoWork(sets)) {
      // Whatever happens in between, the kernel is unknown until it has been read back.
      this.#known = false;
      const written = await this.#write(rules, sets);
      await this.#readBack(written, whole);
    }
    this.#known = true;
    this.#check = undefined;
    this.#update = undefined;
    const wanted = this.#compiler.sets;
    const unused = new Set([...this.#doomed, ...sets.destroy].filter((name) => !wanted.has(name)));
    this.#doomed = [...unused];
    this.#doomed = await discardSets(this.#ipset, this.#doomed);
    this.#refused.settle();
    const { closed, untold } = this.#refused;
    return {
      rules: countRules(this.#ruleset).rules,
      sets: wanted.size,
      wrote,
      ...(drift !== undefined && { drift }),
      ...(closed !== undefined && { closed }),
      ...(untold !== undefined && { untold }),
    };
  }

  /** What must be written, and whether another hand is why. */
  async #work(saved: () => Promise<string>): Promise<{ rules: Transaction; sets: SetWork; drift?: string }> {
    const { sets: wanted } = this.#compiler;
    const ruleset = this.#ruleset;
    const { chains, sets } = this.#update ?? NOTHING;
    const doomed = new Set(this.#doomed);
    const readsRules = this.scope === 'all';
    // A set that is still there cannot be created: what it holds must be known.
    const readsSets = readsRules || this.#check === 'sets' || sets.create.some(({ name }) => doomed.has(name));
    const compareRules = async () => diff(await readKernel(this.#netfilter, 'isolation'), stateOf(ruleset));
    const compareKernelSets = async () => compareSets(parseSets(await saved(), ruleset.family), wanted);
    const work = {
      rules: readsRules ? await compareRules() : changesOf(ruleset, chains),
      sets: readsSets ? await compareKernelSets() : sets,
    };
    const drift = this.#known ? foreignHand(work.rules, work.sets, this.#update ?? NOTHING, doomed) : undefined;
    return { ...work, ...(drift !== undefined && { drift }) };
  }

  /** @returns what was written of the rules, where it is other than asked: a gate is not taken */
  async #write(rules: Transaction, sets: SetWork): Promise<Transaction> {
    const work = { rules, sets, ruleset: this.#ruleset };
    return writeIsolation(work, this.#ipset, (render, filled) => this.#writeRules(rules, render, filled));
  }

  async #writeRules(
    rules: Transaction,
    ...[render, filled]: Parameters<RuleWriter<Transaction>>
  ): Promise<Transaction> {
    for (let wanted = rules; ; ) {
      try {
        if (!isEmpty(wanted)) this.#commits += await this.#netfilter.restore(render(wanted));
        return wanted;
      } catch (error) {
        // No gate is to blame where a set is not filled.
        await filled;
        if (!isRefusal(error) || !(await this.#refused.close(error, this.#compiler.ruleset))) throw error;
        // A large text may have been committed in part.
        wanted = diff(await readKernel(this.#netfilter, 'isolation'), stateOf(this.#ruleset));
      }
    }
  }

  /** The set tool says itself whether each line was done; all of them are read where all were compared. */
  async #readBack(rules: Transaction, whole: boolean): Promise<void> {
    const { sets } = this.#compiler;
    const ruleset = this.#ruleset;
    const written = (rules.tables.filter?.write ?? []).map(({ chain }) => chain);
    const touched = { filter: new Set([...written, ...(rules.tables.filter?.remove ?? [])]), nat: new Set<string>() };
    const difference =
      whole || worthReadingWhole(ruleset, touched)
        ? firstDifference(stateOf(ruleset), await readKernel(this.#netfilter, 'isolation'))
        : await chainsDiffer(this.#netfilter, ruleset, touched);
    if (difference) throw new ReadBackError(difference);
    if (!whole) return;
    const found = compareSets(parseSets(await this.#ipset.save(), ruleset.family), sets);
    const set = found.create[0]?.name ?? [...found.change.keys()][0];
    if (set !== undefined) throw new ReadBackError(`set ${set} does not hold its members`);
  }
}

const NOTHING: IsolationUpdate = {
  chains: { filter: new Set(), nat: new Set() },
  sets: { create: [], change: new Map(), destroy: [] },
};

function withChains(update: IsolationUpdate | undefined, chains: readonly string[]): IsolationUpdate | undefined {
  if (chains.length === 0) return update;
  const { chains: known, sets } = update ?? NOTHING;
  return { chains: { ...known, filter: new Set([...known.filter, ...chains]) }, sets };
}

function isNothing(update: IsolationUpdate | undefined): boolean {
  return !update || (isNoWork(update.sets) && TABLES.every((table) => update.chains[table].size === 0));
}
