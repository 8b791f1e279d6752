import type { Override, RoutingTable } from '@kubecity/routing';
import type { Logger } from 'pino';
import type { Clock } from '../runner.ts';
import type { CutOrder } from './cut-order.ts';
import { type HeldRules, planDrains } from './drain-plan.ts';
import type { CutNews } from './flow-cutter.ts';

/** Connections of this node that were ended for one override since the agent's start, and when the last one was (Unix ms). */
export interface Cut {
  readonly connections: number;
  readonly at: number;
}

export interface DrainsOptions {
  /** All orders there are from now on. */
  readonly order: (orders: readonly CutOrder[]) => void;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info'>;
  readonly metrics: { cut(connections: number, reason: 'policy' | 'deadline'): void };
  /** The deadline of a drain has come, and connections were left; once for each. */
  readonly late: (override: Override, connections: number) => void;
  /** What `cut` says is other than before. At most once a second. */
  readonly changed: () => void;
}

/** One line a drain so often, whatever it ends meanwhile. */
const LOG_MS = 10_000;
const TELL_MS = 1_000;
/** Timers cannot be set for longer than 24 days. */
const LONGEST_MS = 86_400_000;

/**
 * What drains do to open connections on this node: orders go out when the kernel holds a drain, at its deadline, and are
 * taken back before other rules are written; what was ended is counted and told.
 */
export class Drains {
  readonly #options: DrainsOptions;
  #held: HeldRules | undefined;
  #orders: readonly CutOrder[] = [];
  #deadline: { cancel(): void } | undefined;
  #telling: { cancel(): void } | undefined;
  readonly #cuts = new Map<string, Cut>();
  /** Ended since the last line in the log. */
  readonly #unlogged = new Map<string, { connections: number; readonly timer: { cancel(): void } }>();
  /** Uid and generation of those whose deadline was told. */
  readonly #toldLate = new Set<string>();

  constructor(options: DrainsOptions) {
    this.#options = options;
  }

  cut(uid: string): Cut | undefined {
    return this.#cuts.get(uid);
  }

  /** Rules of this table are about to be written: what is wished no longer ends here and now. */
  writing({ outcomes }: RoutingTable): void {
    this.#deadline?.cancel();
    const wished = new Set(outcomes.filter(({ state }) => state === 'applied').map(keyOf));
    this.#order(this.#orders.filter((order) => wished.has(keyOf(order))));
  }

  /** The kernel was read back; these rules are acknowledged. */
  held(held: HeldRules): void {
    this.#held = held;
    const uids = new Set(held.table.outcomes.map(({ uid }) => uid));
    for (const uid of this.#cuts.keys()) if (!uids.has(uid)) this.#cuts.delete(uid);
    const keys = new Set(held.table.outcomes.map(keyOf));
    for (const key of this.#toldLate) if (!keys.has(key)) this.#toldLate.delete(key);
    this.#plan();
  }

  ended({ uid, connections, left, late }: CutNews): void {
    const { clock, metrics, changed } = this.#options;
    this.#cuts.set(uid, { connections: (this.#cuts.get(uid)?.connections ?? 0) + connections, at: clock.now() });
    metrics.cut(connections, late ? 'deadline' : 'policy');
    const override = this.#held?.table.outcomes.find((outcome) => outcome.uid === uid)?.override;
    if (override && late) this.#tellLate(override, connections + left);
    this.#note(uid, override, connections);
    this.#telling ??= clock.after(TELL_MS, () => {
      this.#telling = undefined;
      changed();
    });
  }

  stop(): void {
    this.#deadline?.cancel();
    this.#telling?.cancel();
    for (const { timer } of this.#unlogged.values()) timer.cancel();
  }

  #plan(): void {
    if (!this.#held) return;
    const { clock } = this.#options;
    const now = clock.now();
    const { orders, nextAt } = planDrains(this.#held, now);
    this.#order(orders);
    this.#deadline?.cancel();
    this.#deadline =
      nextAt === undefined ? undefined : clock.after(Math.min(nextAt - now, LONGEST_MS), () => this.#plan());
  }

  #order(orders: readonly CutOrder[]): void {
    if (JSON.stringify(orders) === JSON.stringify(this.#orders)) return;
    this.#orders = orders;
    this.#options.order(orders);
  }

  #tellLate(override: Override, connections: number): void {
    if (this.#toldLate.has(keyOf(override))) return;
    this.#toldLate.add(keyOf(override));
    this.#options.late(override, connections);
  }

  #note(uid: string, override: Override | undefined, connections: number): void {
    const known = this.#unlogged.get(uid);
    if (known) {
      known.connections += connections;
      return;
    }
    const timer = this.#options.clock.after(LOG_MS, () => this.#log(uid, override));
    this.#unlogged.set(uid, { connections, timer });
  }

  #log(uid: string, override: Override | undefined): void {
    const { connections = 0 } = this.#unlogged.get(uid) ?? {};
    this.#unlogged.delete(uid);
    this.#options.log.info(
      {
        override: override ? [override.namespace, override.name].filter((part) => part !== '').join('/') : uid,
        connections,
        total: this.#cuts.get(uid)?.connections,
      },
      'connections of a draining backend were ended',
    );
  }
}

const keyOf = ({ uid, generation }: { readonly uid: string; readonly generation: number }) => `${uid} ${generation}`;
