/**
 * Names of kernel objects, each for one id. A name holds a hash, and people choose what is hashed: should two ids ever come
 * to the same name, the later one gets another, since a shared chain or set would open what nobody allowed.
 */
export class ClaimedNames {
  readonly #make: (id: string) => string;
  readonly #nameOf = new Map<string, string>();
  readonly #idOf = new Map<string, string>();

  constructor(make: (id: string) => string) {
    this.#make = make;
  }

  claim(id: string): string {
    const known = this.#nameOf.get(id);
    if (known !== undefined) return known;
    let name = this.#make(id);
    for (let turn = 2; this.#idOf.has(name); turn++) name = this.#make(`${id} #${turn}`);
    this.#nameOf.set(id, name);
    this.#idOf.set(name, id);
    return name;
  }

  release(id: string): void {
    const name = this.#nameOf.get(id);
    if (name !== undefined) this.#idOf.delete(name);
    this.#nameOf.delete(id);
  }
}
