import type { CityEdgeRow, CityEdges, EdgeName } from '@kubecity/protocol';
import { edgeKey } from '../../src/city/edges.ts';

/** One reader's interned ids, as the hub keeps them. */
export class EdgeTeller {
  #ids = new Map<string, number>();
  #next = 1;

  /** Everything anew. */
  reset(edges: readonly [EdgeName, CityEdgeRow][]): CityEdges {
    this.#ids = new Map();
    return { ...this.tell(edges), reset: true };
  }

  /** @param isDue whose figures are told now; names are told at once */
  tell(
    edges: readonly [EdgeName, CityEdgeRow][],
    isDue: (name: EdgeName, i: number) => boolean = () => true,
  ): CityEdges {
    const define: [number, EdgeName][] = [];
    const gone = new Map(this.#ids);
    const rows = edges.flatMap(([name, [, ...figures]], i): CityEdgeRow[] => {
      const key = edgeKey(name);
      let id = this.#ids.get(key);
      if (id === undefined) {
        id = this.#next;
        this.#next += 1;
        this.#ids.set(key, id);
        define.push([id, name]);
      }
      gone.delete(key);
      return isDue(name, i) ? [[id, ...figures]] : [];
    });
    for (const key of gone.keys()) this.#ids.delete(key);
    return { reset: false, define, rows, forget: [...gone.values()] };
  }
}
