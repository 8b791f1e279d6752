import { REFUSED } from '@kubecity/isolation';
import type { Netfilter, NetfilterError } from '@kubecity/netfilter';
import type { Chain, Ruleset } from '@kubecity/ruleset';
import { isRefusal } from '../rules/suspects.ts';

/** Chains of gates, each of which ends with the rule that refuses. */
const GATE = /^CITY-J[FT]-/;
/** For one rule by itself. One that is left behind by an agent that dies is not wanted, and goes. */
const TRIAL = 'CITY-JTRIAL';
const REMEMBERS = /(^| )-m hashlimit /;
/** Until the text is tried again: modules may be loaded meanwhile. Each refusal costs one transaction that comes to nothing. */
const PAUSE_MS = { first: 30_000, most: 3_600_000 };

/** What stands in the kernel in place of a chain that it does not take. */
interface Instead {
  readonly text: Chain;
  readonly reason: string;
  readonly pauseMs: number;
  /** When it is tried again, as `now` counts. */
  readonly dueMs: number;
}

/**
 * Gates with a rule that this kernel does not take (a protocol that it has no match for, mostly). Each is closed altogether, so
 * that nobody comes in who may not and all other gates go on. Where the kernel does not remember who was refused, refusing goes
 * on without. Both are tried again, after pauses that grow.
 */
export class RefusedGates {
  readonly #netfilter: Pick<Netfilter, 'restore'>;
  readonly #now: () => number;
  readonly #refused = new Map<string, Instead>();
  /** Pauses of those that are being tried again. */
  readonly #tried = new Map<string, number>();

  /** @param now milliseconds */
  constructor(netfilter: Pick<Netfilter, 'restore'>, now: () => number) {
    this.#netfilter = netfilter;
    this.#now = now;
  }

  /** Why pods are closed, of the first gate; undefined = none is. */
  get closed(): string | undefined {
    for (const [chain, { reason }] of this.#refused) if (chain !== REFUSED) return reason;
    return undefined;
  }

  /** Why nobody is told who was refused; undefined = it is told. */
  get untold(): string | undefined {
    return this.#refused.get(REFUSED)?.reason;
  }

  /** What the kernel shall hold. */
  closedIn(ruleset: Ruleset): Ruleset {
    if (this.#refused.size === 0) return ruleset;
    const filter = new Map(ruleset.chains.filter);
    for (const [chain, { text }] of this.#refused) if (filter.has(chain)) filter.set(chain, text);
    return { ...ruleset, chains: { ...ruleset.chains, filter } };
  }

  /** They say something else now: they may be taken. */
  tryAgain(chains: Iterable<string>): void {
    for (const chain of chains) {
      this.#refused.delete(chain);
      this.#tried.delete(chain);
    }
  }

  get isDue(): boolean {
    return [...this.#refused.values()].some(({ dueMs }) => dueMs <= this.#now());
  }

  /** @returns the chains whose pause is over: they are to be written as they should be */
  tryDue(): string[] {
    const due = [...this.#refused].filter(([, { dueMs }]) => dueMs <= this.#now());
    for (const [chain, { pauseMs }] of due) {
      this.#refused.delete(chain);
      this.#tried.set(chain, pauseMs);
    }
    return due.map(([chain]) => chain);
  }

  /** The kernel took all that was tried. */
  settle(): void {
    this.#tried.clear();
  }

  /**
   * Finds the chain to blame, by the error or, where that names none (iptables-legacy names the COMMIT), rule by rule.
   * @returns whether there is one that was asked for as it should be until now
   */
  async close(error: NetfilterError, ruleset: Ruleset): Promise<boolean> {
    const named = /^(?:-A |:)(\S+)/.exec(error.line ?? '')?.[1];
    const chains = named === undefined ? await this.#notTaken(ruleset) : [named];
    const closed = chains.map((chain) => this.#close(chain, ruleset, error.message));
    return closed.includes(true);
  }

  #close(chain: string, ruleset: Ruleset, message: string): boolean {
    const rules = ruleset.chains.filter.get(chain);
    const last = rules?.at(-1);
    if (!rules || last === undefined || this.#refused.has(chain)) return false;
    const pauseMs = Math.min(PAUSE_MS.most, 2 * (this.#tried.get(chain) ?? PAUSE_MS.first / 2));
    const instead = (text: Chain, reason: string) =>
      this.#refused.set(chain, { text, reason: `${reason}: ${message}`, pauseMs, dueMs: this.#now() + pauseMs });
    if (GATE.test(chain)) {
      instead([last], `the kernel does not take a rule of ${chain}; the pods behind it are closed to everybody`);
    } else if (chain === REFUSED && rules.some((rule) => REMEMBERS.test(rule))) {
      instead(
        rules.filter((rule) => !REMEMBERS.test(rule)),
        'refused attempts are only counted, not told one by one, as the kernel has no xt_hashlimit (on the host: modprobe xt_hashlimit, and a file in /etc/modules-load.d)',
      );
    } else return false;
    return true;
  }

  /** Each kind of rule is asked once. */
  async #notTaken({ chains }: Ruleset): Promise<string[]> {
    const answers = new Map<string, boolean>();
    const found: string[] = [];
    for (const [chain, rules] of chains.filter) {
      if ((chain !== REFUSED && !GATE.test(chain)) || this.#refused.has(chain)) continue;
      for (const rule of rules) {
        const kind = kindOf(rule);
        const isTaken = answers.get(kind) ?? (await this.#isTaken(withoutTarget(rule)));
        answers.set(kind, isTaken);
        if (!isTaken && !found.includes(chain)) found.push(chain);
      }
    }
    return found;
  }

  async #isTaken(rule: string): Promise<boolean> {
    const written = ['*filter', `:${TRIAL} - [0:0]`, `-A ${TRIAL} ${rule}`, 'COMMIT'];
    const removed = ['*filter', `:${TRIAL} - [0:0]`, `-X ${TRIAL}`, 'COMMIT', ''];
    try {
      await this.#netfilter.restore([...written, ...removed].join('\n'));
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  }
}

/** Matches and options without their values; what a rule says in its comment does not matter to the kernel. */
function kindOf(rule: string): string {
  const words = withoutTarget(rule)
    .replace(/--comment ("[^"]*"|\S+)/, '')
    .split(' ');
  return words.filter((word, i) => word.startsWith('-') || ['-p', '-m'].includes(words[i - 1] ?? '')).join(' ');
}

/** The chain that it leads to may not be there yet. */
const withoutTarget = (rule: string): string => rule.replace(/ ?-[gj] CITY-\S+$/, '');
