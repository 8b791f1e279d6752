/** Runs jobs one after another, in the order they came; a job that fails is reported and the next one runs. */
export class Queue {
  readonly #failed: (error: Error) => void;
  #tail: Promise<void> = Promise.resolve();

  constructor(failed: (error: Error) => void) {
    this.#failed = failed;
  }

  add(job: () => Promise<void>): void {
    this.#tail = this.#tail.then(job).catch(this.#failed);
  }
}
