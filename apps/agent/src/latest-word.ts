import type { Clock } from './runner.ts';

/** Says the first word at once and then the latest, with a pause after each: of what changes faster nobody needs to hear all. */
export class LatestWord<Word extends object> {
  readonly #say: (word: Word) => void;
  readonly #pauseMs: number;
  readonly #clock: Clock;
  #waiting: Word | undefined;
  #pause: { cancel(): void } | undefined;

  constructor(say: (word: Word) => void, pauseMs: number, clock: Clock) {
    this.#say = say;
    this.#pauseMs = pauseMs;
    this.#clock = clock;
  }

  tell(word: Word): void {
    this.#waiting = word;
    if (!this.#pause) this.#next();
  }

  /** What waits is not said any more. */
  stop(): void {
    this.#waiting = undefined;
    this.#pause?.cancel();
  }

  #next(): void {
    const word = this.#waiting;
    this.#waiting = undefined;
    this.#pause = word && this.#clock.after(this.#pauseMs, () => this.#next());
    if (word) this.#say(word);
  }
}
