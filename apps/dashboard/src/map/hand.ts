/** The map is at rest when nothing has moved it for so long, milliseconds. */
const REST = 130;

/** Is somebody moving the map? Whatever can wait leaves these frames to the hand. Flights count as a hand. */
export class Hand {
  readonly #rested: () => void;
  #moved = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param rested is called when the map has come to rest */
  constructor(rested: () => void) {
    this.#rested = rested;
  }

  moved(): void {
    this.#moved = performance.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#rested, REST);
  }

  /** Milliseconds until the map is at rest, if nothing moves it again; 0 when it is. */
  get leaves(): number {
    return Math.max(0, this.#moved + REST - performance.now());
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
