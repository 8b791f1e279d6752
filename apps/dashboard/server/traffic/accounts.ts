import { FIGURES } from './figures.ts';
import { grown, NamedSlots } from './named-slots.ts';
import { RateWindows } from './rate-windows.ts';

export interface AccountsOptions {
  /** How many figures flow through windows, and the longest window in seconds. */
  readonly rates: number;
  readonly seconds: number;
  /** How long an account is kept that nobody counts in. */
  readonly keepMilliseconds: number;
}

/** Accounts by name, each a row of `FIGURES` and its windows: edges, backends, service ports. */
export class Accounts {
  readonly slots: NamedSlots;
  readonly windows: RateWindows;
  #figures = new Float64Array(0);

  constructor({ rates, seconds, keepMilliseconds }: AccountsOptions) {
    this.slots = new NamedSlots(keepMilliseconds);
    this.windows = new RateWindows(rates, seconds);
  }

  hold(name: string): { readonly slot: number; readonly isNew: boolean } {
    const held = this.slots.hold(name);
    if (held.isNew) this.#begin(held.slot);
    return held;
  }

  figure(slot: number, figure: number): number {
    return this.#figures[slot * FIGURES + figure] as number;
  }

  /** @param change a row of figures: what totals grew by, and what of the open ones came or went */
  add(slot: number, change: Float64Array): void {
    const base = slot * FIGURES;
    for (let i = 0; i < FIGURES; i++)
      this.#figures[base + i] = (this.#figures[base + i] as number) + (change[i] as number);
  }

  /** A copy of the row. */
  row(slot: number): Float64Array {
    return this.#figures.slice(slot * FIGURES, (slot + 1) * FIGURES);
  }

  #begin(slot: number): void {
    this.#figures = grown(this.#figures, this.slots.length * FIGURES);
    this.#figures.fill(0, slot * FIGURES, (slot + 1) * FIGURES);
    this.windows.grow(this.slots.length);
    this.windows.clear(slot);
  }
}
