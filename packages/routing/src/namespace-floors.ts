import { isDeepEqual } from './equal.ts';
import { DEFAULT_FLOOR, type Floor, parseFloor } from './floor.ts';
import type { ObjectMeta } from './objects.ts';
import type { Problem } from './problem.ts';

interface Said {
  readonly floor: Floor | undefined;
  readonly problems: readonly Problem[];
}

/** Floors of namespaces, for Services that have none of their own. */
export class NamespaceFloors {
  /** Only of those that say something. */
  readonly #said = new Map<string, Said>();

  of(namespace: string): Floor {
    return this.#said.get(namespace)?.floor ?? DEFAULT_FLOOR;
  }

  get problems(): Problem[] {
    return [...this.#said.values()].flatMap(({ problems }) => problems);
  }

  /** @returns whether it says something else than before */
  set(metadata: ObjectMeta): boolean {
    const { name } = metadata;
    const problems: Problem[] = [];
    const floor = parseFloor(metadata, (field, message) =>
      problems.push({ kind: 'Namespace', namespace: '', name, field, message }),
    );
    if (!floor && problems.length === 0) return this.delete(name);
    const said = { floor, problems };
    if (isDeepEqual(this.#said.get(name), said)) return false;
    this.#said.set(name, said);
    return true;
  }

  delete(name: string): boolean {
    return this.#said.delete(name);
  }
}
