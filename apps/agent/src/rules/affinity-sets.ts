import { type Ipset, NetfilterError } from '@kubecity/netfilter';
import type { Family } from '@kubecity/routing';
import { AFFINITY_PREFIX } from '@kubecity/ruleset';

/** Clients one backend may hold by session affinity; the set grows with use. */
const MOST_CLIENTS = 1_048_576;
const TAKES = { IPv4: 'inet', IPv6: 'inet6' } as const;

/**
 * The ipsets behind session affinity, one family. Rules name them, so a set is made before the rules and destroyed after
 * them. What is in a set is the kernel's alone: it survives this process.
 */
export class AffinitySets {
  readonly #ipset: Ipset;
  readonly #family: Family;
  /** Ours in the kernel; undefined until it was asked. */
  #there: Set<string> | undefined;
  #commits = 0;

  constructor(ipset: Ipset, family: Family) {
    this.#ipset = ipset;
    this.#family = family;
  }

  /** Transactions of nf_tables that it took so far. */
  get commits(): number {
    return this.#commits;
  }

  /** What is there is asked anew the next time. */
  doubt(): void {
    this.#there = undefined;
  }

  /** Makes what is missing. Entries bring their own timeout (`--timeout` of the rule). */
  async prepare(wanted: ReadonlySet<string>): Promise<void> {
    if (wanted.size === 0) return;
    const there = this.#there ?? (await this.#ours());
    const missing = [...wanted].filter((name) => !there.has(name));
    const lines = missing.map(
      (name) => `create ${name} hash:ip family ${TAKES[this.#family]} timeout 0 maxelem ${MOST_CLIENTS}\n`,
    );
    // A restore that fails half way leaves sets behind: asked again, not guessed.
    this.#there = undefined;
    if (missing.length > 0) this.#commits += await this.#ipset.restore(lines.join(''));
    this.#there = new Set([...there, ...missing]);
  }

  /** Destroys what no rule names any more: a backend that left is forgotten. One still in use is tried again next time. */
  async sweep(wanted: ReadonlySet<string>): Promise<void> {
    this.#there ??= await this.#oursIfInstalled();
    for (const name of this.#there) {
      if (wanted.has(name)) continue;
      try {
        this.#commits += await this.#ipset.restore(`destroy ${name}\n`);
      } catch (error) {
        // The kernel lets go of the rules of a committed transaction a moment later.
        if (error instanceof NetfilterError && /in use by a kernel component|resource busy/.test(error.message))
          continue;
        if (!(error instanceof NetfilterError && /does not exist|No such file/.test(error.message))) throw error;
      }
      this.#there.delete(name);
    }
  }

  async #oursIfInstalled(): Promise<Set<string>> {
    try {
      return await this.#ours();
    } catch (error) {
      if (error instanceof NetfilterError && error.code === 'missing-tool') return new Set();
      throw error;
    }
  }

  async #ours(): Promise<Set<string>> {
    const prefix = AFFINITY_PREFIX[this.#family];
    return new Set((await this.#ipset.list()).filter((name) => name.startsWith(prefix)));
  }
}
