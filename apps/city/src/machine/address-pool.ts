/**
 * Pod addresses of one node: .2 to .254 of its /24, in turn, so that an address rests as long as possible before
 * another pod gets it (connection tracking still remembers the last one).
 */
export class AddressPool {
  readonly #prefix: string;
  readonly #taken = new Set<number>();
  #last = FIRST - 1;

  /** `podCIDR`: an IPv4 /24. */
  constructor(podCIDR: string) {
    this.#prefix = podCIDR.split('.').slice(0, 3).join('.');
  }

  /** Undefined when the node is full. */
  take(): string | undefined {
    for (let tries = 0; tries < SIZE; tries++) {
      this.#last = this.#last === LAST ? FIRST : this.#last + 1;
      if (this.#taken.has(this.#last)) continue;
      this.#taken.add(this.#last);
      return `${this.#prefix}.${this.#last}`;
    }
    return undefined;
  }

  giveBack(address: string): void {
    this.#taken.delete(Number(address.split('.')[3]));
  }
}

const FIRST = 2;
const LAST = 254;
const SIZE = LAST - FIRST + 1;
