import type { CityEdgeRow, CityEdges, EdgeName } from '@kubecity/protocol';

/** The figures of a `CityEdgeRow` by name. */
const FIGURES = [
  'stale',
  'moving',
  'idle',
  'closing',
  'waiting',
  'uncounted',
  'opened',
  'refused',
  'unanswered',
  'openedPerSecond',
  'refusedPerSecond',
  'bytesToBackendPerSecond',
  'bytesToClientPerSecond',
  'packetsPerSecond',
] as const;
export type Figures = Record<(typeof FIGURES)[number], number>;

export const edgeNameId = ({ client, backend, podUid }: EdgeName) =>
  `${client.id}>${backend}${podUid === undefined ? '' : `>${podUid}`}`;

/** What a browser makes of the edges of its frames, read strictly: whatever breaks the protocol throws. */
export class ToldEdges {
  readonly names = new Map<number, EdgeName>();
  readonly #rows = new Map<number, CityEdgeRow>();

  take(edges: CityEdges | undefined): void {
    if (!edges) return;
    if (edges.reset) {
      this.names.clear();
      this.#rows.clear();
    }
    for (const id of edges.forget) {
      if (!this.names.delete(id)) throw new Error(`edge ${id} is forgotten, but was never defined`);
      this.#rows.delete(id);
    }
    for (const [id, name] of edges.define) {
      if (this.names.has(id)) throw new Error(`edge ${id} is defined twice`);
      this.names.set(id, name);
    }
    for (const row of edges.rows) {
      if (!this.names.has(row[0] as number)) throw new Error(`edge ${row[0]} has no name`);
      this.#rows.set(row[0] as number, row);
    }
  }

  /** By name: two edges of one name would be one too few here. */
  all(): Map<string, Figures> {
    return new Map([...this.#rows].map(([id, row]) => [edgeNameId(this.names.get(id) as EdgeName), figuresOf(row)]));
  }

  get(id: string): Figures | undefined {
    return this.all().get(id);
  }
}

export function figuresOf(row: CityEdgeRow): Figures {
  return Object.fromEntries(FIGURES.map((name, i) => [name, row[i + 1]])) as Figures;
}
