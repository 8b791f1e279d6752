import { forEachMessage, viewOf } from './messages.ts';
import { HOST_LITTLE_ENDIAN, NLMSG_ERROR } from './wire.ts';

/** Follows the acknowledgements of a batch of requests with the sequence numbers `first` to `first + count - 1`. */
export class Acknowledgements {
  /** How often each errno came, as a positive number; 0 is success. */
  readonly byErrno = new Map<number, number>();
  readonly #first: number;
  readonly #missing: Set<number>;

  constructor(first: number, count: number) {
    this.#first = first;
    this.#missing = new Set(Array.from({ length: count }, (_, index) => index));
  }

  get finished(): boolean {
    return this.#missing.size === 0;
  }

  count(errno: number): number {
    return this.byErrno.get(errno) ?? 0;
  }

  read(bytes: Uint8Array): void {
    const view = viewOf(bytes);
    forEachMessage(view, (type, _flags, sequence, start, end) => {
      if (type !== NLMSG_ERROR || end - start < 4 || !this.#missing.delete(sequence - this.#first)) return;
      const errno = Math.abs(view.getInt32(start, HOST_LITTLE_ENDIAN));
      this.byErrno.set(errno, this.count(errno) + 1);
    });
  }
}
