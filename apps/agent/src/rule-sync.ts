import type { Netfilter } from '@kubecity/netfilter';
import type { RoutingTable, RoutingTracker } from '@kubecity/routing';
import {
  type Compiler,
  countRules,
  diff,
  EMPTY_KERNEL,
  firstDifference,
  isEmpty,
  type KernelState,
  parseSave,
  renderRestore,
  stateOf,
} from '@kubecity/ruleset';

/** One sync that ended with the kernel holding exactly what the table wishes. */
export interface SyncResult {
  readonly table: RoutingTable;
  /** All our chains and rules, jumps included. */
  readonly size: { readonly chains: number; readonly rules: number };
  /** What this sync wrote. */
  readonly wrote: { readonly chains: number; readonly rules: number };
  /** In words, when the kernel was not as we had left it. */
  readonly drift?: string;
}

/** The kernel differs from the table after a restore that reported success. */
export class ReadBackError extends Error {
  override readonly name = 'ReadBackError';
}

/**
 * Wish → kernel. Knows what it wrote last (`#held`); at start, after a failure and at each check it does not trust that
 * and reads the kernel, so that a restart rewrites nothing that is already right and drift is repaired chain by chain.
 */
export class RuleSync {
  readonly #tracker: RoutingTracker;
  readonly #compiler: Compiler;
  readonly #netfilter: Netfilter;
  #held: KernelState | undefined;
  #checkDue = true;

  constructor(tracker: RoutingTracker, compiler: Compiler, netfilter: Netfilter) {
    this.#tracker = tracker;
    this.#compiler = compiler;
    this.#netfilter = netfilter;
  }

  /** The next sync compares with the kernel even if nothing changed. */
  check(): void {
    this.#checkDue = true;
  }

  async syncOnce(): Promise<SyncResult> {
    const { table } = this.#tracker.take();
    const ruleset = this.#compiler.compile(table);
    const wanted = stateOf(ruleset);
    const { found, drift } = await this.#whatIsThere();
    const transaction = diff(found, wanted);
    if (!isEmpty(transaction)) {
      // Whatever happens in between, the kernel is unknown until it has been read back.
      this.#held = undefined;
      await this.#netfilter.restore(renderRestore(transaction));
      const difference = firstDifference(wanted, await readKernel(this.#netfilter));
      if (difference) throw new ReadBackError(`the kernel does not hold what was written: ${difference}`);
    }
    this.#held = wanted;
    return {
      table,
      size: countRules(ruleset),
      wrote: { chains: transaction.chains, rules: transaction.rules },
      ...(drift !== undefined && { drift }),
    };
  }

  async #whatIsThere(): Promise<{ found: KernelState; drift?: string }> {
    const held = this.#held;
    if (held && !this.#checkDue) return { found: held };
    const found = await readKernel(this.#netfilter);
    this.#checkDue = false;
    const drift = held && firstDifference(held, found);
    return { found, ...(drift !== undefined && { drift }) };
  }
}

export async function readKernel(netfilter: Netfilter): Promise<KernelState> {
  const filter = parseSave(await netfilter.save('filter'));
  const nat = parseSave(await netfilter.save('nat'));
  return {
    chains: { filter: filter.chains, nat: nat.chains },
    jumps: { filter: filter.jumps, nat: nat.jumps },
  };
}

/** Removes every chain and jump of ours; returns how many chains there were. */
export async function removeRules(netfilter: Netfilter): Promise<number> {
  const transaction = diff(await readKernel(netfilter), EMPTY_KERNEL);
  if (!isEmpty(transaction)) await netfilter.restore(renderRestore(transaction));
  return transaction.chains;
}
