import { SLICE, type Slices } from '../city/slices.ts';

/**
 * How much of the screen's time the work may have. `first`: nothing is on the screen that it could disturb. `soon`: what is
 * on the screen is of another place or level; `calm`: it is a second old. These two leave the map to a hand that moves it.
 */
export type Pace = 'first' | 'soon' | 'calm';

/** What a turn takes, milliseconds. */
const TURNS: Readonly<Record<Pace, number>> = { first: 50, soon: 24, calm: SLICE };

/**
 * Calm work waits until making the last took but this part of the time, at most so many milliseconds: in a large city, whose
 * figures are means over ten seconds anyway, drawing what is made costs twice as much again.
 */
const REST = { part: 1 / 60, most: 2000 } as const;

/**
 * Makes what was wished last, a little in each frame. What is begun is finished before the next wish, so that a stream of
 * wishes does not keep the last from being made; only what a hand has held up gives way to it. Nothing is done while
 * nobody sees the page.
 */
export class SlicedWork<Wish, Made> {
  readonly #make: (wish: Wish) => Slices<Made>;
  readonly #done: (made: Made) => void;
  readonly #hand: () => number;
  #work: Slices<Made> | undefined;
  #next: { readonly wish: Wish } | undefined;
  #pace: Pace = 'calm';
  #held = false;
  #frame = 0;
  #turn: ReturnType<typeof setTimeout> | undefined;
  /** What the work at hand, or the last, has taken so far, and when its last turn ended; milliseconds. */
  #cost = 0;
  #last = Number.NEGATIVE_INFINITY;

  /** @param hand milliseconds until nobody moves the map; 0 when nobody does */
  constructor(make: (wish: Wish) => Slices<Made>, done: (made: Made) => void, hand: () => number) {
    this.#make = make;
    this.#done = done;
    this.#hand = hand;
  }

  want(wish: Wish, pace: Pace): void {
    this.#next = { wish };
    this.#pace = pace;
    // What is wished sooner does not wait as long as what it follows.
    clearTimeout(this.#turn);
    this.#turn = undefined;
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
    const hand = this.#pace === 'first' ? 0 : this.#hand();
    if (hand > 0) {
      this.#held = true;
      this.#turn = setTimeout(this.#goOn, hand);
    } else if (this.#waits() > 0) this.#turn = setTimeout(this.#goOn, this.#waits());
    else if (this.#pace === 'first' && this.#work && !document.hidden) this.#turn = setTimeout(this.#goOn);
    else this.#frame = requestAnimationFrame(this.#goOn);
  }

  /** Milliseconds until what was wished may be begun. */
  #waits(): number {
    if (this.#pace !== 'calm' || this.#work) return 0;
    return Math.max(0, this.#last + Math.min(REST.most, this.#cost / REST.part) - performance.now());
  }

  readonly #goOn = (): void => {
    this.#frame = 0;
    this.#turn = undefined;
    if (this.#pace !== 'first' && (this.#hand() > 0 || document.hidden)) {
      this.#goOnLater();
      return;
    }
    if (this.#next && (this.#held || !this.#work)) {
      this.#work = this.#make(this.#next.wish);
      this.#next = undefined;
      this.#cost = 0;
    }
    this.#held = false;
    if (this.#work) this.#turnOf(this.#work);
    if (this.#work || this.#next) this.#goOnLater();
  };

  #turnOf(work: Slices<Made>): void {
    const began = performance.now();
    const until = began + TURNS[this.#pace];
    let step: IteratorResult<undefined, Made>;
    try {
      do step = work.next();
      while (!step.done && performance.now() < until);
    } catch (error) {
      // The next wish begins anew.
      this.#work = undefined;
      throw error;
    } finally {
      this.#last = performance.now();
      this.#cost += this.#last - began;
    }
    if (!step.done) return;
    this.#work = undefined;
    this.#done(step.value);
  }
}
