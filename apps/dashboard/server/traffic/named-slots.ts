/** A typed array of at least that length with the same content; grows by a quarter at least, so that it is rare. */
export function grown<A extends Float64Array | Uint32Array | Int32Array | Uint8Array>(array: A, length: number): A {
  if (array.length >= length) return array;
  const larger = new (array.constructor as new (length: number) => A)(
    Math.max(length, Math.ceil(array.length * 1.25), 64),
  );
  larger.set(array);
  return larger;
}

/**
 * Names as small numbers (slots), counted by who holds them, so that figures can live in columns. A slot that nobody holds
 * keeps its name for `keepMilliseconds`: whoever comes back by then finds it as it was. Afterwards `sweep` gives it free.
 */
export class NamedSlots {
  readonly #byName = new Map<string, number>();
  readonly #names: (string | undefined)[] = [];
  readonly #holders: number[] = [];
  /** Slots without holders → when the last one let go, oldest first. */
  readonly #abandoned = new Map<number, number>();
  readonly #free: number[] = [];
  readonly #keepMilliseconds: number;

  constructor(keepMilliseconds: number) {
    this.#keepMilliseconds = keepMilliseconds;
  }

  /** One more than the highest slot ever given. */
  get length(): number {
    return this.#names.length;
  }

  /** Names in use. */
  get size(): number {
    return this.#byName.size;
  }

  nameOf(slot: number): string | undefined {
    return this.#names[slot];
  }

  find(name: string): number | undefined {
    return this.#byName.get(name);
  }

  entries(): IterableIterator<[string, number]> {
    return this.#byName.entries();
  }

  names(): IterableIterator<string> {
    return this.#byName.keys();
  }

  hold(name: string): { readonly slot: number; readonly isNew: boolean } {
    const known = this.#byName.get(name);
    if (known !== undefined) {
      this.#holders[known] = (this.#holders[known] ?? 0) + 1;
      this.#abandoned.delete(known);
      return { slot: known, isNew: false };
    }
    const slot = this.#free.pop() ?? this.#names.length;
    this.#names[slot] = name;
    this.#holders[slot] = 1;
    this.#byName.set(name, slot);
    return { slot, isNew: true };
  }

  release(slot: number, now: number): void {
    const left = (this.#holders[slot] ?? 0) - 1;
    if (left < 0) throw new Error(`slot ${slot} is released more often than it was held`);
    this.#holders[slot] = left;
    if (left === 0) this.#abandoned.set(slot, now);
  }

  /** Gives free what was abandoned long enough ago, and names it. */
  sweep(now: number): number[] {
    const freed: number[] = [];
    for (const [slot, since] of this.#abandoned) {
      // a clock that was set back must not keep it for ever
      if (now - since < this.#keepMilliseconds && now >= since) break;
      freed.push(slot);
    }
    for (const slot of freed) {
      this.#abandoned.delete(slot);
      this.#byName.delete(this.#names[slot] as string);
      this.#names[slot] = undefined;
      this.#free.push(slot);
    }
    return freed;
  }
}
