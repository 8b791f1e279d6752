import { Accounts } from './accounts.ts';
import { FIGURES, RATES } from './figures.ts';

/** A service port that nobody uses any more keeps its totals for an hour. */
const PORT_KEEP_MILLISECONDS = 3_600_000;
/** So many service ports have totals of their own in `/metrics`; what the rest does is summed. */
export const MOST_LABELS = 1000;
/** The longest time between two ticks whose seconds are still known one by one. */
const PORT_WINDOW_SECONDS = 10;

/** Accounts of service ports since the hub's start, and of all of them together. */
export class PortBook {
  readonly accounts = new Accounts({
    rates: RATES,
    seconds: PORT_WINDOW_SECONDS,
    keepMilliseconds: PORT_KEEP_MILLISECONDS,
  });
  readonly #most: number;
  readonly #labelled = new Set<number>();
  readonly #other = new Float64Array(FIGURES);

  constructor(most = MOST_LABELS) {
    this.#most = most;
  }

  hold(servicePort: string): number {
    const { slot, isNew } = this.accounts.hold(servicePort);
    // who came late stays in the sum until it goes: totals that move from one name to another would seem to fall
    if (isNew && this.#labelled.size < this.#most) this.#labelled.add(slot);
    return slot;
  }

  add(slot: number, change: Float64Array): void {
    this.accounts.add(slot, change);
    if (this.#labelled.has(slot)) return;
    for (let i = 0; i < FIGURES; i++) this.#other[i] = (this.#other[i] as number) + (change[i] as number);
  }

  sweep(now: number): void {
    for (const slot of this.accounts.slots.sweep(now)) this.#labelled.delete(slot);
  }

  /** A copy of all figures by service port, and those of the others together. */
  figures(): { readonly ports: ReadonlyMap<string, Float64Array>; readonly other: Float64Array } {
    const ports = new Map<string, Float64Array>();
    for (const slot of this.#labelled) ports.set(this.accounts.slots.nameOf(slot) as string, this.accounts.row(slot));
    return { ports, other: this.#other.slice() };
  }
}
