/** Rises above one level and is over below another, so that a value between them does not make it flutter. */
export class Alarm {
  readonly #levels: { readonly above: number; readonly below: number };
  #raised = false;

  constructor(levels: { readonly above: number; readonly below: number }) {
    this.#levels = levels;
  }

  /** What has become of it with this value; undefined = as before. */
  update(value: number): 'raised' | 'over' | undefined {
    const { above, below } = this.#levels;
    if (!this.#raised && value > above) {
      this.#raised = true;
      return 'raised';
    }
    if (this.#raised && value < below) {
      this.#raised = false;
      return 'over';
    }
    return undefined;
  }
}
