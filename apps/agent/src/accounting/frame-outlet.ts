import type { EdgeFrame, Interest } from '@kubecity/protocol';
import type { FromAccounting } from './messages.ts';

export interface FrameOutletOptions {
  /** The frame that brings the listener up to date; undefined while there is none to be had. */
  readonly next: (interest: Interest) => EdgeFrame | undefined;
  /** The next frame is to tell everything. */
  readonly beginAgain: () => void;
  readonly tell: (message: FromAccounting) => void;
}

/** Frames on the way that the hub has not used yet; further changes wait, merged, in the ledger. */
const MAX_UNUSED = 2;

/** Who listens, what they look at, and when the next frame may go. */
export class FrameOutlet {
  readonly #options: FrameOutletOptions;
  #link: { readonly number: number; interest: Interest; unused: number } | undefined;
  /** There is something that the link has no frame of. */
  #owed = false;

  constructor(options: FrameOutletOptions) {
    this.#options = options;
  }

  /** Somebody listens from now on and knows nothing yet. */
  listen(number: number, interest: Interest): void {
    this.#link = { number, interest, unused: 0 };
    this.resync();
  }

  unlisten(): void {
    this.#link = undefined;
  }

  look(interest: Interest): void {
    if (!this.#link) return;
    this.#link.interest = interest;
    this.news();
  }

  resync(): void {
    this.#options.beginAgain();
    this.news();
  }

  taken(number: number): void {
    if (this.#link?.number !== number) return;
    this.#link.unused -= 1;
    this.#offer();
  }

  /** To be called after each dump, too. */
  news(): void {
    this.#owed = true;
    this.#offer();
  }

  #offer(): void {
    const link = this.#link;
    if (!link || !this.#owed || link.unused >= MAX_UNUSED) return;
    const frame = this.#options.next(link.interest);
    if (!frame) return;
    this.#owed = false;
    link.unused += 1;
    this.#options.tell({ kind: 'frame', link: link.number, frame });
  }
}
