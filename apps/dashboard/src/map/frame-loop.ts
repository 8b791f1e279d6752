/** Between two frames of a usual screen, milliseconds. */
const FRAME = 17;

/** Frames of the browser, asked for when there is something to draw and no sooner; none while nobody sees the page. */
export class FrameLoop {
  readonly #draw: (time: number) => number | undefined;
  #request = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** @param draw gets the clock of frames; returns milliseconds until there is more to draw, undefined when there is nothing */
  constructor(draw: (time: number) => number | undefined) {
    this.#draw = draw;
  }

  wake(): void {
    clearTimeout(this.#pause);
    if (this.#request === 0 && !document.hidden) this.#request = requestAnimationFrame(this.#frame);
  }

  close(): void {
    cancelAnimationFrame(this.#request);
    clearTimeout(this.#pause);
  }

  readonly #frame = (time: number): void => {
    this.#request = 0;
    if (document.hidden) return;
    const pause = this.#draw(time);
    if (pause === undefined) return;
    if (pause <= FRAME) this.wake();
    // The timer ends between two frames: in the middle before the one that is meant, or that one would be the next.
    else this.#pause = setTimeout(() => this.wake(), pause - FRAME / 2);
  };
}
