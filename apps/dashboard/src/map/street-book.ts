import type { Edge } from '../city/edges.ts';
import { PIECE, type Slices } from '../city/slices.ts';
import { pathId, roadId } from '../city/survey.ts';
import { bytesPerSecond } from '../city/traffic.ts';
import type { Path } from './path.ts';
import { type Aside, type Level, type Metric, PATH_WIDTH, type Road, roadWidth } from './scene.ts';

/** What runs between two places, before it is known whether a road is drawn for it. */
export interface Street {
  readonly from: string;
  readonly to: string;
  readonly direct: boolean;
  rate: number;
  backRate: number;
  bytes: number;
  backBytes: number;
  refused: number;
  waiting: number;
  stale: boolean;
  readonly edges: string[];
}

type Sum = { -readonly [K in keyof Aside]: Aside[K] };

/** How the streets of a book become roads. */
export interface Paving {
  readonly metric: Metric;
  readonly level: Level;
  /** Roads to draw at once; the busiest, and those that `keep` names. */
  readonly most: number;
  /** Of these, how many are drawn broad. */
  readonly broad: number;
  readonly keep: (street: Street) => boolean;
  /** Is nobody looking at either end? Such streets are drawn when there is nothing else to draw. */
  readonly isFar: (street: Street) => boolean;
  /** Its middle line; undefined when one of its places has no ground. */
  readonly path: (street: Street) => Path | undefined;
  /** World units of width per square root of what is measured. */
  readonly scale: (busiest: number) => number;
  /** What the broadest road carries; without it the busiest road drawn. */
  readonly busiest?: number;
}

/** Puts every edge of a city somewhere: on a street, or aside. Nothing is lost: that is what `totalsOf` tells. */
export class StreetBook {
  readonly #streets = new Map<string, Map<string, Street>>();
  readonly #paths = new Map<string, Map<string, Street>>();
  readonly #asides: Readonly<Record<Aside['kind'], Map<string, Sum>>> = {
    more: new Map(),
    within: new Map(),
    pathless: new Map(),
  };

  street(from: string, to: string, direct = false): Street {
    const all = direct ? this.#paths : this.#streets;
    let own = all.get(from);
    if (!own) {
      own = new Map();
      all.set(from, own);
    }
    let street = own.get(to);
    if (!street) {
      street = { from, to, direct, ...STILL, edges: [] };
      own.set(to, street);
    }
    return street;
  }

  /** From one place to another; within one it is told there. */
  along(id: string, edge: Edge, from: string, to: string, direct: boolean): void {
    if (from === to) {
      this.aside(from, 'within', edge);
      return;
    }
    const street = this.street(from, to, direct);
    street.rate += edge.openedPerSecond;
    street.bytes += bytesPerSecond(edge);
    street.refused += edge.refusedPerSecond;
    street.waiting += edge.waiting;
    note(street, id, edge);
  }

  /** Through a junction and on: a lane from the client to it, and one against the street of the backend's place. */
  through(id: string, edge: Edge, from: string, junction: string, to: string | undefined): void {
    const out = this.street(from, junction);
    out.rate += edge.openedPerSecond;
    out.bytes += bytesPerSecond(edge);
    note(out, id, edge);
    const back = to === undefined ? out : this.street(to, junction);
    // Refusals belong to the backend's end; without a known one to the street that leads there.
    back.refused += edge.refusedPerSecond;
    back.waiting += edge.waiting;
    if (to === undefined) return;
    back.backRate += edge.openedPerSecond;
    back.backBytes += bytesPerSecond(edge);
    note(back, id, edge);
  }

  aside(at: string, kind: Aside['kind'], edge: Edge): void {
    this.#asideAt(at, kind, edge.openedPerSecond, bytesPerSecond(edge), edge.refusedPerSecond);
  }

  #asideAt(at: string, kind: Aside['kind'], rate: number, bytes: number, refused: number): { streets: number } {
    let aside = this.#asides[kind].get(at);
    if (!aside) {
      aside = { at, kind, streets: 0, rate: 0, bytes: 0, refused: 0 };
      this.#asides[kind].set(at, aside);
    }
    aside.rate += rate;
    aside.bytes += bytes;
    aside.refused += refused;
    return aside;
  }

  /** The busiest streets as roads, by id; what the others carry is told where they leave. */
  *pave(paving: Paving): Slices<{ readonly roads: Road[]; readonly asides: Aside[] }> {
    const { metric, most, broad, keep, isFar } = paving;
    const all: Weighed[] = [];
    for (const book of [this.#streets, this.#paths]) {
      for (const own of book.values()) {
        yield;
        for (const street of own.values()) {
          const weight = measure(street, metric) * (isFar(street) ? FAR : 1);
          all.push({ street, weight: keep(street) ? Number.POSITIVE_INFINITY : weight });
        }
      }
    }
    const { drawn, folded } = busiestOf(all, most);
    yield;
    const weight = (street: Street) => measure(street, metric);
    const busiest = paving.busiest ?? Math.max(0, ...drawn.map(weight));
    const heavy = new Set(
      busiestOf(
        drawn.map((street) => ({ street, weight: weight(street) })),
        broad,
      ).drawn,
    );
    const roads: Road[] = [];
    for (const [i, street] of drawn.entries()) {
      if (i % 8 === 0) yield;
      const path = paving.path(street);
      if (!path) this.#fold(street, 'pathless');
      else {
        const width = street.direct ? PATH_WIDTH : roadWidth(weight(street), paving.scale(busiest), paving.level);
        const minor = !street.direct && !heavy.has(street) && !keep(street);
        roads.push({ id: idOf(street), ...street, path, width, minor });
      }
    }
    for (const [i, street] of folded.entries()) {
      if (i % PIECE === 0) yield;
      this.#fold(street, 'more');
    }
    roads.sort((a, b) => (a.id < b.id ? -1 : 1));
    return { roads, asides: Object.values(this.#asides).flatMap((own) => [...own.values()]) };
  }

  #fold({ from, rate, bytes, refused }: Street, kind: Aside['kind']): void {
    this.#asideAt(from, kind, rate, bytes, refused).streets += 1;
  }
}

interface Weighed {
  readonly street: Street;
  readonly weight: number;
}

/** The `most` heaviest; of equally heavy ones the first by id. Sorting all of them by id would cost more than the drawing. */
function busiestOf(all: readonly Weighed[], most: number): { readonly drawn: Street[]; readonly folded: Street[] } {
  const weights = Float64Array.from(all, ({ weight }) => weight).sort();
  const least = all.length > most ? (weights[all.length - most] as number) : Number.NEGATIVE_INFINITY;
  const drawn: Street[] = [];
  const folded: Street[] = [];
  const equal: Street[] = [];
  for (const { street, weight } of all) (weight > least ? drawn : weight < least ? folded : equal).push(street);
  equal.sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  const room = most - drawn.length;
  return { drawn: [...drawn, ...equal.slice(0, room)], folded: [...folded, ...equal.slice(room)] };
}

const FAR = 1e-9;

const STILL = { rate: 0, backRate: 0, bytes: 0, backBytes: 0, refused: 0, waiting: 0, stale: true };

function note(street: Street, id: string, edge: Edge): void {
  street.stale &&= edge.stale;
  if (street.edges.at(-1) !== id) street.edges.push(id);
}

export const idOf = ({ from, to, direct }: Street): string => (direct ? pathId(from, to) : roadId(from, to));

const measure = (street: Street, metric: Metric): number =>
  metric === 'bytes' ? street.bytes + street.backBytes : street.rate + street.backRate;
