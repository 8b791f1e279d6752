import type { Edge } from '@kubecity/conntrack';
import type { ServicePortTotals } from './messages.ts';

const FIGURES = [
  ...(['opened', 'refused', 'unanswered'] as const),
  ...(['packetsToBackend', 'bytesToBackend', 'packetsToClient', 'bytesToClient'] as const),
] as const;
const OPEN = ['moving', 'idle', 'closing', 'waiting'] as const;

type Sums = { -readonly [key in Exclude<keyof ServicePortTotals, 'servicePort'>]: number };

/** Labels of series that are not service ports. */
const DIRECT = 'direct';
const OTHER = 'other';

/** The edges of a ledger, as far as this needs them. */
export interface Edges {
  readonly size: number;
  readonly forgotten: number;
  has(id: number): boolean;
  values(): Iterable<Edge>;
}

/**
 * Edges summed per service port, never falling though edges are forgotten. The first `limit` service ports have figures of
 * their own, the others are `other`; one that has no edges any more gives its place to another that wants it, and begins
 * at zero when it comes back.
 */
export class ServiceTotals {
  readonly #edges: Edges;
  readonly #limit: number;
  /** By id: an edge that is gone has its final figures here. */
  readonly #known = new Map<number, Edge>();
  /** Of edges that are gone. */
  readonly #gone = new Map<string, Sums>();
  /** Label of each service port that was seen, and how many edges it has. */
  readonly #labels = new Map<string, { readonly label: string; edges: number }>();
  #named = 0;
  #seen = 0;

  constructor(edges: Edges, limit = 1000) {
    this.#edges = edges;
    this.#limit = limit;
  }

  /** To be called after each dump. */
  follow(): void {
    const seen = this.#edges.size + this.#edges.forgotten;
    const gone = this.#known.size + (seen - this.#seen) - this.#edges.size;
    if (gone > 0) for (const edge of this.#known.values()) if (!this.#edges.has(edge.id)) this.#forget(edge);
    if (seen === this.#seen) return;
    this.#seen = seen;
    for (const edge of this.#edges.values()) {
      if (this.#known.has(edge.id)) continue;
      this.#known.set(edge.id, edge);
      this.#labelOf(edge.servicePort).edges += 1;
    }
  }

  read(): ServicePortTotals[] {
    const sums = new Map<string, Sums>();
    for (const [label, gone] of this.#gone) sums.set(label, { ...gone });
    for (const edge of this.#known.values()) {
      const sum = sumOf(sums, this.#labelOf(edge.servicePort).label);
      for (const figure of FIGURES) sum[figure] += edge[figure];
      for (const figure of OPEN) sum[figure] += edge[figure];
    }
    return [...sums].map(([servicePort, sum]) => ({ servicePort, ...sum }));
  }

  #forget(edge: Edge): void {
    this.#known.delete(edge.id);
    const place = this.#labelOf(edge.servicePort);
    place.edges -= 1;
    const sum = sumOf(this.#gone, place.label);
    for (const figure of FIGURES) sum[figure] += edge[figure];
  }

  #labelOf(servicePort: string): { readonly label: string; edges: number } {
    const known = this.#labels.get(servicePort);
    if (known) return known;
    if (servicePort !== '' && this.#named >= this.#limit) this.#makeRoom();
    const named = servicePort === '' || this.#named < this.#limit;
    const label = servicePort === '' ? DIRECT : named ? servicePort : OTHER;
    if (label === servicePort) this.#named += 1;
    const place = { label, edges: 0 };
    this.#labels.set(servicePort, place);
    return place;
  }

  #makeRoom(): void {
    for (const [servicePort, { label, edges }] of this.#labels) {
      if (edges > 0) continue;
      this.#labels.delete(servicePort);
      if (label !== servicePort) continue;
      this.#gone.delete(label);
      this.#named -= 1;
    }
  }
}

function sumOf(sums: Map<string, Sums>, label: string): Sums {
  let sum = sums.get(label);
  if (!sum) {
    sum = Object.fromEntries([...FIGURES, ...OPEN].map((figure) => [figure, 0])) as Sums;
    sums.set(label, sum);
  }
  return sum;
}
