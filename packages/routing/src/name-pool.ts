/** Enough for every node and zone of the largest clusters. */
const MAX_NAMES = 20_000;

/**
 * One string for all that say the same: a node's name comes with each of its endpoints, a hundred thousand times in a
 * large cluster. Beyond `MAX_NAMES` it begins anew, so that nodes which come and go do not pile up.
 */
export class NamePool {
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, readonly string[]>();

  text(name: string | undefined): string | undefined {
    if (name === undefined) return undefined;
    return remember(this.#texts, name, () => name);
  }

  list(names: readonly string[]): readonly string[] {
    return remember(this.#lists, names.join(' '), () => names);
  }
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= MAX_NAMES) known.clear();
  const made = make();
  known.set(key, made);
  return made;
}
