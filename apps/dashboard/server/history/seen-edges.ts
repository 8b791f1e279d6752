import { type EdgeName, type MapAnswer, MOST_SEEN, type SeenEdge } from '@kubecity/protocol';
import { SHOWN } from '../traffic/shown-edges.ts';
import type { HistoryStore, KeptEdges } from './history-store.ts';

/** Where a shown row without its id has what is open now (moving, idle, waiting), and the total of opened connections. */
const OPEN = [1, 2, 4];
/** Totals: opened, refused, unanswered. */
const TOTALS = [6, 7, 8] as const;
type Totals = [opened: number, refused: number, unanswered: number];
/** Edges that are counted at a time; past it the quietest are let go. */
const MOST_COUNTED = 4 * MOST_SEEN;
/** Tens of milliseconds of work. */
const STEPS_AT_ONCE = 20;

interface Count {
  /** Of the edge when it was seen last, to count on from. */
  totals: Totals;
  /** What was added. */
  sums: Totals;
  open: number;
  at: number;
  /** Number of the step in which it was seen last. */
  step: number;
}

type Answer = Extract<MapAnswer, { kind: 'seen' }>;

/**
 * Who spoke with whom, merged from many steps. What a step keeps of an edge are totals, so an edge that some steps fold
 * loses nothing by it; one that begins anew (a restarted hub, an edge that was gone) is counted from 0.
 */
export class SeenEdges {
  readonly #counts = new Map<number, Count>();
  #from: number | undefined;
  #to = 0;
  #steps = 0;
  /** Number of the last step that kept every edge: who is not in it was not there. */
  #wholeStep = -1;
  #folded = 0;
  #letGo = 0;
  #opened = 0;

  /** The first step is what was counted before; it and its time do not count. */
  add({ at, ids, rows, folded, opened }: KeptEdges): void {
    const step = this.#steps++;
    this.#from ??= at;
    this.#to = at;
    if (step > 0) this.#opened += opened;
    this.#folded = Math.max(this.#folded, folded);
    for (const [i, id] of ids.entries()) {
      const totals = TOTALS.map((place) => rows[i * SHOWN + place]) as Totals;
      const count = this.#counts.get(id) ?? this.#begin(id, step, totals);
      const base = this.#baseOf(count, totals);
      for (const [k, total] of totals.entries())
        count.sums[k] = (count.sums[k] as number) + total - (base[k] as number);
      count.totals = totals;
      count.open = OPEN.reduce((open, place) => open + (rows[i * SHOWN + place] as number), 0);
      count.at = at;
      count.step = step;
    }
    if (folded === 0) this.#wholeStep = step;
    if (this.#counts.size > MOST_COUNTED) this.#prune();
  }

  /** @param nameOf undefined of an edge whose name is gone */
  answer(nameOf: HistoryStore['nameOfEdge']): Answer | undefined {
    if (this.#from === undefined) return undefined;
    const edges: SeenEdge[] = [];
    const [clients, backends] = [new Interned<EdgeName['client']>(), new Interned<Omit<EdgeName, 'client'>>()];
    let left = this.#letGo;
    for (const [id, { sums, open, at, step }] of this.#busiest()) {
      const [opened, ...failed] = sums;
      // what ended before is no traffic of this time
      if (opened === 0 && at <= this.#from && this.#steps > 1) continue;
      const name = edges.length < MOST_SEEN ? nameOf(id) : undefined;
      if (!name) left += 1;
      else {
        const { client, ...backend } = name;
        const places = [clients.place(client), backends.place(backend)] as const;
        edges.push([...places, opened, this.#wholeStep > step ? 0 : open, at, ...failed]);
      }
    }
    return {
      kind: 'seen',
      from: this.#from,
      to: this.#to,
      clients: clients.all,
      backends: backends.all,
      edges,
      folded: this.#folded + left,
      opened: Math.round(this.#opened),
    };
  }

  /** A new edge begins at 0 where it is known that it was not there before. */
  #begin(id: number, step: number, totals: Totals): Count {
    const count: Count = { totals: this.#wholeStep >= 0 ? [0, 0, 0] : totals, sums: [0, 0, 0], open: 0, at: 0, step };
    this.#counts.set(id, count);
    return count;
  }

  #baseOf(count: Count, [opened]: Totals): Totals {
    const wasGone = this.#wholeStep > count.step;
    return wasGone || opened < count.totals[0] ? [0, 0, 0] : count.totals;
  }

  #busiest(): [number, Count][] {
    return [...this.#counts].sort(([, a], [, b]) => b.sums[0] - a.sums[0] || b.at - a.at);
  }

  #prune(): void {
    for (const [id] of this.#busiest().slice(MOST_COUNTED / 2)) {
      this.#counts.delete(id);
      this.#letGo += 1;
    }
    // one that comes back is not new
    this.#wholeStep = -1;
  }
}

/** Things told once, and their places in that list. */
class Interned<T> {
  readonly all: T[] = [];
  readonly #places = new Map<string, number>();

  place(one: T): number {
    const key = JSON.stringify(one);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.all.length);
    return this.all.push(one) - 1;
  }
}

/** Reads the steps with pauses, so that those of the present are kept meanwhile. */
export async function seenBetween(store: HistoryStore, from: number, to: number): Promise<Answer | undefined> {
  const seen = new SeenEdges();
  for (const [i, step] of store.stepsBetween(from, to).entries()) {
    if (i > 0 && i % STEPS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    const edges = store.edgesOf(step);
    if (edges) seen.add(edges);
  }
  return seen.answer((id) => store.nameOfEdge(id));
}
