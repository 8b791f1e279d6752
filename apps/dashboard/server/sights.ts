import type { Sight } from '@kubecity/steering';

/** So many states are remembered, those used last. */
const MOST = 500;

/** What people were shown before they decided, so that they can be told what changed since. */
export class Sights {
  readonly #known = new Map<string, Sight>();

  remember(sight: Sight | undefined): void {
    if (!sight) return;
    this.#known.delete(sight.digest);
    this.#known.set(sight.digest, sight);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
  }

  recall(digest: string): Sight | undefined {
    return this.#known.get(digest);
  }
}
