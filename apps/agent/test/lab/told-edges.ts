import type { EdgeFrame, EdgeKey, EdgeRow } from '@kubecity/protocol';

/** Figures of one edge that never fall. */
export interface Totals {
  readonly opened: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly packetsToBackend: number;
  readonly bytesToBackend: number;
  readonly packetsToClient: number;
  readonly bytesToClient: number;
}

/** What is open at this moment. */
export interface Classes {
  readonly moving: number;
  readonly idle: number;
  readonly closing: number;
  readonly waiting: number;
  readonly uncounted: number;
}

export const NOTHING: Totals = {
  ...{ opened: 0, refused: 0, unanswered: 0 },
  ...{ packetsToBackend: 0, bytesToBackend: 0, packetsToClient: 0, bytesToClient: 0 },
};
const NONE_OPEN: Classes = { moving: 0, idle: 0, closing: 0, waiting: 0, uncounted: 0 };

export function sum<T extends object>(a: T, b: T): T {
  return Object.fromEntries(Object.entries(a).map(([name, value]) => [name, value + b[name as keyof T]])) as T;
}

/** `pod:uid-web > shop/cart:http/TCP > 10.0.0.1:8080 (uid-cart)` */
export function edgeText({ client, servicePort, backend, pod }: EdgeKey): string {
  return `${clientText(client)} > ${servicePort || 'direct'} > ${backend}${pod ? ` (${pod.uid})` : ''}`;
}

export function clientText(client: EdgeKey['client']): string {
  if (client.kind === 'pod') return `pod:${client.uid}`;
  return client.kind === 'node' ? `node:${client.name}` : `outside:${client.network}`;
}

/** What one agent told since its epoch began, read strictly: whatever breaks the protocol is noted in `faults`. */
export class ToldEdges {
  readonly epoch: string;
  readonly faults: string[] = [];
  readonly #edges = new Map<number, { readonly name: string; row: EdgeRow | undefined }>();
  /** Totals of edges that the agent has forgotten. */
  readonly #past = new Map<string, Totals>();
  frames = 0;
  table: EdgeFrame['table'] | undefined;
  #nextSeq = 0;

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  take(frame: EdgeFrame): void {
    const before = this.totals();
    if (frame.reset) this.#edges.clear();
    else if (frame.seq !== this.#nextSeq) this.faults.push(`frame ${frame.seq} came for ${this.#nextSeq}`);
    this.#nextSeq = frame.seq + 1;
    for (const [id, key] of frame.define) this.#edges.set(id, { name: edgeText(key), row: undefined });
    for (const row of frame.rows) {
      const edge = this.#edges.get(row[0]);
      if (edge) edge.row = row;
      else this.faults.push(`edge ${row[0]} was never defined`);
    }
    for (const id of frame.forget) this.#forget(id);
    this.table = frame.table;
    this.frames += 1;
    const after = this.totals();
    for (const [name, totals] of Object.entries(before)) {
      for (const [figure, value] of Object.entries(totals)) {
        const now = (after[name] ?? NOTHING)[figure as keyof Totals];
        if (now < value) this.faults.push(`${figure} of ${name} fell from ${value} to ${now}`);
      }
    }
  }

  /** Edges that carried anything. */
  totals(): Record<string, Totals> {
    const sums = new Map(this.#past);
    for (const { name, row } of this.#edges.values()) sums.set(name, sum(sums.get(name) ?? NOTHING, totalsOf(row)));
    return Object.fromEntries([...sums].filter(([, totals]) => Object.values(totals).some((value) => value > 0)));
  }

  /** Edges on which anything is open. */
  classes(): Record<string, Classes> {
    const sums = new Map<string, Classes>();
    for (const { name, row } of this.#edges.values()) sums.set(name, sum(sums.get(name) ?? NONE_OPEN, classesOf(row)));
    return Object.fromEntries([...sums].filter(([, classes]) => Object.values(classes).some((value) => value > 0)));
  }

  #forget(id: number): void {
    const edge = this.#edges.get(id);
    if (!edge) {
      this.faults.push(`edge ${id} was forgotten, but never defined`);
      return;
    }
    this.#past.set(edge.name, sum(this.#past.get(edge.name) ?? NOTHING, totalsOf(edge.row)));
    this.#edges.delete(id);
  }
}

function totalsOf(row: EdgeRow | undefined): Totals {
  if (!row) return NOTHING;
  const [, opened, refused, unanswered, packetsToBackend, bytesToBackend, packetsToClient, bytesToClient] = row;
  return { opened, refused, unanswered, packetsToBackend, bytesToBackend, packetsToClient, bytesToClient };
}

function classesOf(row: EdgeRow | undefined): Classes {
  if (!row) return NONE_OPEN;
  const [moving, idle, closing, waiting, uncounted] = row.slice(8) as [number, number, number, number, number];
  return { moving, idle, closing, waiting, uncounted };
}
