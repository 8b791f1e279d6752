import { SLICE, type Slices } from '../city/slices.ts';

/** What the work takes of a turn while nothing moves that it could disturb, milliseconds. */
const TURN = 24;

/**
 * Makes what was wished last, a little in each frame. What is begun is finished before the next wish: a stream of wishes does
 * not keep the last from being made. Nothing is done while nobody sees the page.
 */
export class SlicedWork<Wish, Made> {
  readonly #make: (wish: Wish) => Slices<Made>;
  readonly #done: (made: Made) => void;
  #work: Slices<Made> | undefined;
  #next: { readonly wish: Wish } | undefined;
  #urgent = false;
  #frame = 0;
  #turn: ReturnType<typeof setTimeout> | undefined;

  constructor(make: (wish: Wish) => Slices<Made>, done: (made: Made) => void) {
    this.#make = make;
    this.#done = done;
  }

  /** @param urgent nothing is on the screen yet that other frames would move */
  want(wish: Wish, urgent: boolean): void {
    this.#next = { wish };
    this.#urgent = urgent;
    this.#goOnLater();
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#turn);
    this.#work = undefined;
    this.#next = undefined;
  }

  #goOnLater(): void {
    if (this.#frame !== 0 || this.#turn !== undefined) return;
    if (this.#urgent && this.#work && !document.hidden) this.#turn = setTimeout(this.#goOn);
    else this.#frame = requestAnimationFrame(this.#goOn);
  }

  readonly #goOn = (): void => {
    this.#frame = 0;
    this.#turn = undefined;
    const until = performance.now() + (this.#urgent ? TURN : SLICE);
    if (!this.#work && this.#next) {
      this.#work = this.#make(this.#next.wish);
      this.#next = undefined;
    }
    const work = this.#work;
    if (!work) return;
    let step: IteratorResult<undefined, Made>;
    try {
      do step = work.next();
      while (!step.done && performance.now() < until);
    } catch (error) {
      // The next wish begins anew.
      this.#work = undefined;
      throw error;
    }
    if (step.done) {
      this.#work = undefined;
      this.#done(step.value);
    }
    if (this.#work || this.#next) this.#goOnLater();
  };
}
