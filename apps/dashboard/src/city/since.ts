/** When a thing was seen first, Unix ms. `atLeast`: it was there when the looking began, and may be older. */
export interface Since {
  readonly at: number;
  readonly atLeast: boolean;
}

/** Things that are gone for so long begin anew: figures of a few connections come and go around a limit. */
const FORGOTTEN_MILLISECONDS = 60_000;

/** Remembers since when things are there that are told again and again by their keys. */
export class SinceBook {
  readonly #seen = new Map<string, { readonly since: Since; last: number }>();
  #began: number | undefined;

  /** All that is there at this moment (Unix ms). */
  look(keys: Iterable<string>, at: number): void {
    this.#began ??= at;
    for (const key of keys) {
      const known = this.#seen.get(key);
      if (known && at - known.last <= FORGOTTEN_MILLISECONDS) known.last = at;
      else this.#seen.set(key, { since: { at, atLeast: at === this.#began }, last: at });
    }
    for (const [key, { last }] of this.#seen) if (at - last > FORGOTTEN_MILLISECONDS) this.#seen.delete(key);
  }

  of(key: string): Since | undefined {
    return this.#seen.get(key)?.since;
  }
}
