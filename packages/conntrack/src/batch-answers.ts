import { forEachMessage, viewOf } from './messages.ts';
import { HOST_LITTLE_ENDIAN, NLMSG_ERROR } from './wire.ts';

/**
 * Follows the answers to a batch of requests with the sequence numbers `first` to `last`, of which only the last asks for
 * an acknowledgement: the kernel works in order and answers the others only to refuse. Reading an answer costs five times
 * as much as a deletion.
 */
export class BatchAnswers {
  /** How many requests were refused with each errno (positive). */
  readonly refusals = new Map<number, number>();
  /** The last request has been answered. */
  finished = false;
  readonly #first: number;
  readonly #last: number;

  constructor(first: number, last: number) {
    this.#first = first;
    this.#last = last;
  }

  /** Requests that were carried out; only once finished. */
  get done(): number {
    let refused = 0;
    for (const count of this.refusals.values()) refused += count;
    return this.#last - this.#first + 1 - refused;
  }

  read(bytes: Uint8Array): void {
    const view = viewOf(bytes);
    forEachMessage(view, (type, _flags, sequence, start, end) => {
      if (type !== NLMSG_ERROR || end - start < 4 || sequence < this.#first || sequence > this.#last) return;
      if (sequence === this.#last) this.finished = true;
      const errno = Math.abs(view.getInt32(start, HOST_LITTLE_ENDIAN));
      if (errno !== 0) this.refusals.set(errno, (this.refusals.get(errno) ?? 0) + 1);
    });
  }
}
