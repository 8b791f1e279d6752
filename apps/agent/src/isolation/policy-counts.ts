import type { CountedGate } from '@kubecity/isolation';
import type { CountedChain, Netfilter } from '@kubecity/netfilter';
import type { PolicyCounts as PolicyCountsMessage } from '@kubecity/protocol';
import type { Family } from '@kubecity/routing';
import type { Logger } from 'pino';
import type { Clock } from '../runner.ts';
import { SparingLooks } from './sparing-looks.ts';

export type PolicyCount = PolicyCountsMessage['rows'][number];

export interface PolicyCountsOptions {
  readonly doors: ReadonlyMap<Family, Pick<Netfilter, 'listCounted'>>;
  /** What stands in the kernel of this family; nothing where nothing is enforced. */
  readonly gates: (family: Family) => Iterable<CountedGate>;
  readonly send: (counts: PolicyCountsMessage) => void;
  readonly metrics: {
    packets(direction: CountedGate['direction'], verdict: 'accepted' | 'refused', count: number): void;
  };
  /** Processor time of this process and its children so far, milliseconds. */
  readonly cpu: () => number;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
}

const PAUSES = { least: 1_000, most: 60_000 };
/** The protocol's bound of one message. */
const MOST_ROWS = 20_000;

/**
 * First packets per policy and direction, from the counters of the gates' rules. They begin anew whenever a chain is written,
 * so what was added since the last reading is summed up here; what a chain counted between its last reading and its end is lost.
 */
export class PolicyCounts {
  readonly #options: PolicyCountsOptions;
  readonly #totals = new Map<string, PolicyCount>();
  /** Packets of each rule at the last reading, by family and chain. */
  readonly #seen = new Map<Family, Map<string, readonly { readonly rule: string; readonly packets: number }[]>>();
  readonly #looks: SparingLooks;

  constructor(options: PolicyCountsOptions) {
    const { cpu, clock, log } = options;
    this.#options = options;
    this.#looks = new SparingLooks({
      look: () => this.#read(),
      pauses: PAUSES,
      failed: (err) => log.warn({ err }, 'what policies let through and refuse cannot be counted; trying again'),
      ...{ cpu, clock },
    });
  }

  begin(): void {
    this.#looks.begin();
  }

  stop(): void {
    this.#looks.stop();
  }

  /** Tells everything: to a hub that knows nothing yet. Also that nothing was counted: what comes then is known to be new. */
  tell(): void {
    this.#send([...this.#totals.values()]);
  }

  /** Another epoch has begun, whose totals are all taken for new. */
  renewed(): void {
    this.#totals.clear();
  }

  async #read(): Promise<void> {
    const { doors, gates } = this.#options;
    const changed = new Set<PolicyCount>();
    try {
      for (const [family, door] of doors) {
        const asked = new Map([...gates(family)].map((gate) => [gate.chain, gate]));
        if (asked.size > 0) this.#take(family, asked, await door.listCounted('filter', asked.keys()), changed);
        else if (this.#seen.has(family)) this.#seen.set(family, new Map());
      }
    } finally {
      // Of the families that were read.
      if (!this.#looks.isStopped && changed.size > 0) this.#send([...changed]);
    }
  }

  #take(
    family: Family,
    asked: ReadonlyMap<string, CountedGate>,
    chains: readonly CountedChain[],
    changed: Set<PolicyCount>,
  ): void {
    const before = this.#seen.get(family);
    const now: NonNullable<typeof before> = new Map();
    this.#seen.set(family, now);
    for (const { chain, rules } of chains) {
      now.set(chain, rules);
      const gate = asked.get(chain);
      // At the first reading of all a chain may have counted for the agent before this one.
      if (!before || !gate || !isText(gate, rules)) continue;
      const known = before.get(chain);
      const goesOn =
        known?.length === rules.length &&
        rules.every(({ rule, packets }, i) => rule === known[i]?.rule && packets >= known[i].packets);
      for (const [i, { packets }] of rules.entries()) {
        const added = packets - (goesOn ? (known[i]?.packets ?? 0) : 0);
        if (added > 0) this.#add(gate, i, added, changed);
      }
    }
  }

  #add({ direction, by, policies }: CountedGate, place: number, added: number, changed: Set<PolicyCount>): void {
    const verdict = place === by.length ? 'refused' : 'accepted';
    this.#options.metrics.packets(direction, verdict, added);
    for (const policy of by[place] ?? policies) {
      const key = `${direction} ${policy}`;
      const total = this.#totals.get(key) ?? { policy, direction, accepted: 0, refused: 0 };
      changed.delete(total);
      const next = { ...total, [verdict]: total[verdict] + added };
      changed.add(next);
      // What counted last stands last: the first ones are those that nobody asks for any more.
      this.#totals.delete(key);
      this.#totals.set(key, next);
    }
    for (const key of this.#totals.keys()) {
      if (this.#totals.size <= MOST_ROWS) break;
      this.#totals.delete(key);
    }
  }

  #send(rows: readonly PolicyCount[]): void {
    const { send, clock } = this.#options;
    send({ at: clock.now(), rows: rows.slice(0, MOST_ROWS) });
  }
}

/** Whether the kernel holds the text whose meaning is known. */
function isText({ rules }: CountedGate, found: CountedChain['rules']): boolean {
  return rules.length === found.length && found.every(({ rule }, i) => rule === rules[i]);
}
