import { formatWords } from './address.ts';
import { enlarged } from './columns.ts';
import type { FlowRow } from './flow-row.ts';

/** No such address. */
export const NO_ADDRESS = -1;

/**
 * Addresses of both families as small numbers: some 30 bytes each, without text. Whoever keeps a number holds it
 * (`hold`, `release`); one that nobody holds any more is given to another address.
 */
export class AddressTable {
  size = 0;

  #words = new Uint32Array(0);
  #family = new Uint8Array(0);
  #holders = new Uint32Array(0);
  /** Next in the same bucket, or next free. */
  #next = new Int32Array(0);
  #buckets = new Int32Array(0);
  #top = 0;
  #free = NO_ADDRESS;

  /** @param words four words of the address from `place` on, as in a `FlowRow` */
  find(family: FlowRow['family'], words: Uint32Array, place: number): number {
    if (this.#buckets.length === 0) return NO_ADDRESS;
    let id = this.#buckets[this.#bucketOf(words, place)] as number;
    while (id !== NO_ADDRESS && !(this.#family[id] === family && this.same(id, words, place))) {
      id = this.#next[id] as number;
    }
    return id;
  }

  /** Number of the address, held once more. */
  hold(family: FlowRow['family'], words: Uint32Array, place: number): number {
    const known = this.find(family, words, place);
    const id = known === NO_ADDRESS ? this.#insert(family, words, place) : known;
    this.holdAgain(id);
    return id;
  }

  /** One more holder of an address that has one. */
  holdAgain(id: number): void {
    this.#holders[id] = (this.#holders[id] as number) + 1;
  }

  release(id: number): void {
    const holders = (this.#holders[id] as number) - 1;
    this.#holders[id] = holders;
    if (holders > 0) return;
    this.#unlink(id);
    this.#next[id] = this.#free;
    this.#free = id;
    this.size -= 1;
  }

  /** Whether the words are those of the address; the family is for the caller to compare. */
  same(id: number, words: Uint32Array, place: number): boolean {
    const own = this.#words;
    const at = id * 4;
    return (
      own[at] === words[place] &&
      own[at + 1] === words[place + 1] &&
      own[at + 2] === words[place + 2] &&
      own[at + 3] === words[place + 3]
    );
  }

  family(id: number): FlowRow['family'] {
    return this.#family[id] as FlowRow['family'];
  }

  word(id: number, index: number): number {
    return this.#words[id * 4 + index] as number;
  }

  /** Writes the four words of the address into `words`, from `place` on. */
  copy(id: number, words: Uint32Array, place: number): void {
    for (let n = 0; n < 4; n += 1) words[place + n] = this.word(id, n);
  }

  text(id: number): string {
    return formatWords(this.family(id), this.#words, id * 4);
  }

  #insert(family: FlowRow['family'], words: Uint32Array, place: number): number {
    let id = this.#free;
    if (id !== NO_ADDRESS) this.#free = this.#next[id] as number;
    else {
      if (this.#top === this.#family.length) this.#grow(Math.max(256, this.#top * 2));
      id = this.#top;
      this.#top += 1;
    }
    for (let n = 0; n < 4; n += 1) this.#words[id * 4 + n] = words[place + n] as number;
    this.#family[id] = family;
    this.#link(id);
    this.size += 1;
    return id;
  }

  #link(id: number): void {
    const bucket = this.#bucketOf(this.#words, id * 4);
    this.#next[id] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = id;
  }

  #unlink(id: number): void {
    const bucket = this.#bucketOf(this.#words, id * 4);
    const after = this.#next[id] as number;
    let before = this.#buckets[bucket] as number;
    if (before === id) {
      this.#buckets[bucket] = after;
      return;
    }
    while (this.#next[before] !== id) before = this.#next[before] as number;
    this.#next[before] = after;
  }

  /** `capacity` is a power of two, and so many are the buckets. */
  #grow(capacity: number): void {
    this.#words = enlarged(this.#words, new Uint32Array(capacity * 4));
    this.#family = enlarged(this.#family, new Uint8Array(capacity));
    this.#holders = enlarged(this.#holders, new Uint32Array(capacity));
    this.#next = enlarged(this.#next, new Int32Array(capacity));
    this.#buckets = new Int32Array(capacity).fill(NO_ADDRESS);
    // A table grows when nothing in it is free.
    for (let id = 0; id < this.#top; id += 1) this.#link(id);
  }

  /** The high bits of the product depend on all bits of the words; addresses of one network differ in the low ones. */
  #bucketOf(words: Uint32Array, place: number): number {
    let hash = Math.imul(words[place] as number, 0x9e3779b1);
    hash = Math.imul(hash ^ (words[place + 1] as number), 0x85ebca6b);
    hash = Math.imul(hash ^ (words[place + 2] as number), 0xc2b2ae35);
    hash = Math.imul(hash ^ (words[place + 3] as number), 0x27d4eb2f);
    return (hash ^ (hash >>> 15)) & (this.#buckets.length - 1);
  }
}
