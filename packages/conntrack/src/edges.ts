import type { EdgeClient, EdgeKey } from '@kubecity/protocol';
import { type Party, partyOf } from './party.ts';

/** Flows summed over client → service port → backend. Totals since the ledger began; they never fall. */
export interface Edge extends EdgeKey {
  readonly id: number;
  /** `namespace/name` of the service port; `''` past every Service. */
  readonly service: string;
  /** It sums clients for which there was no room. */
  readonly folds: boolean;
  opened: number;
  refused: number;
  unanswered: number;
  packetsToBackend: number;
  bytesToBackend: number;
  packetsToClient: number;
  bytesToClient: number;
  /** Open flows by what they do, as of the last dump. */
  moving: number;
  idle: number;
  closing: number;
  waiting: number;
  /** Of the open ones, those without counters. */
  uncounted: number;
  /** Flows in the kernel's table, those that are over but not gone yet included. */
  flows: number;
  /** Number of the dump that changed any figure above last, and its time (Unix ms). */
  revision: number;
  changedAt: number;
}

/** Clients beyond the bound are summed under this name, never dropped; so are backends beyond a second bound. */
export const OTHER = 'other';
export const OTHER_CLIENTS: EdgeClient = { kind: 'outside', network: OTHER };

/** An edge without flows whose figures rest for so long is forgotten; its totals are final. */
const FORGET_AFTER_MS = 5 * 60_000;
/** The same while there is no room for others. Long enough for every reader to have been told the totals. */
const FORGET_IN_NEED_AFTER_MS = 30_000;

/** Where flows go: one backend of one service port, with the edges that lead there. */
interface Target {
  readonly servicePort: string;
  readonly backend: string;
  readonly pod: EdgeKey['pod'];
  /** By key of the client. */
  readonly edges: Map<string, Edge>;
}

/**
 * The edges of one ledger. Ids are never given twice, so an edge that returns after it was forgotten is a new one.
 *
 * Memory is bounded. `limit` edges are told apart, the first to come: while they are taken, further clients are summed as
 * `other`, for each service port and backend; and when there are half as many of those, for each service port alone. An
 * edge gives its place free when it has had no flows for a while, sooner while places are wanted, so those that keep their
 * own figures are the ones with connections. Whatever the limit, sums over all edges are the same.
 */
export class EdgeTable {
  /** Edges forgotten so far. */
  forgotten = 0;

  readonly #byId = new Map<number, Edge>();
  readonly #targets = new Map<string, Target>();
  readonly #limit: number;
  #lastId = 0;
  /** Edges that fold. */
  #folding = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#byId.size;
  }

  has(id: number): boolean {
    return this.#byId.has(id);
  }

  values(): Iterable<Edge> {
    return this.#byId.values();
  }

  intern(client: Party, servicePort: string, backend: string, pod: EdgeKey['pod'], at: number): Edge {
    const target = this.#targets.get(targetKey(servicePort, backend, pod));
    const known = target?.edges.get(client.key);
    if (known) return known;
    const key: EdgeKey = { client: client.client, servicePort, backend, pod };
    if (this.size - this.#folding < this.#limit) return this.#create(key, client.key, at, false);
    const other = target?.edges.get(OTHER_PARTY.key);
    if (other) return other;
    const folded = { ...key, client: OTHER_CLIENTS };
    if (this.#folding < this.#limit / 2) return this.#create(folded, OTHER_PARTY.key, at, true);
    return (
      this.#targets.get(targetKey(servicePort, OTHER, undefined))?.edges.get(OTHER_PARTY.key) ??
      this.#create({ client: OTHER_CLIENTS, servicePort, backend: OTHER }, OTHER_PARTY.key, at, true)
    );
  }

  /** Forgets edges that are long over. */
  retire(at: number): void {
    const after = this.size - this.#folding < this.#limit ? FORGET_AFTER_MS : FORGET_IN_NEED_AFTER_MS;
    for (const edge of this.#byId.values()) {
      if (edge.flows === 0 && at - edge.changedAt > after) this.#forget(edge);
    }
  }

  /** Connections in the table that are summed for want of room. */
  folded(): number {
    let flows = 0;
    if (this.#folding > 0) for (const edge of this.#byId.values()) if (edge.folds) flows += edge.flows;
    return flows;
  }

  #forget(edge: Edge): void {
    const key = targetKey(edge.servicePort, edge.backend, edge.pod);
    const target = this.#targets.get(key) as Target;
    this.#byId.delete(edge.id);
    target.edges.delete(partyOf(edge.client).key);
    if (target.edges.size === 0) this.#targets.delete(key);
    if (edge.folds) this.#folding -= 1;
    this.forgotten += 1;
  }

  #create({ client, servicePort, backend, pod }: EdgeKey, clientKey: string, at: number, folds: boolean): Edge {
    this.#lastId += 1;
    if (folds) this.#folding += 1;
    const key = targetKey(servicePort, backend, pod);
    let target = this.#targets.get(key);
    if (!target) {
      target = { servicePort, backend, pod, edges: new Map() };
      this.#targets.set(key, target);
    }
    const edge: Edge = {
      id: this.#lastId,
      client,
      servicePort: target.servicePort,
      service: serviceOf(servicePort),
      backend: target.backend,
      pod: target.pod,
      folds,
      opened: 0,
      refused: 0,
      unanswered: 0,
      packetsToBackend: 0,
      bytesToBackend: 0,
      packetsToClient: 0,
      bytesToClient: 0,
      moving: 0,
      idle: 0,
      closing: 0,
      waiting: 0,
      uncounted: 0,
      flows: 0,
      revision: 0,
      changedAt: at,
    };
    target.edges.set(clientKey, edge);
    this.#byId.set(edge.id, edge);
    return edge;
  }
}

const OTHER_PARTY = partyOf(OTHER_CLIENTS);

/** A blank cannot occur in a service port, an address or a uid, so parts cannot run into each other. */
const targetKey = (servicePort: string, backend: string, pod: EdgeKey['pod']): string =>
  `${servicePort} ${backend} ${pod?.uid ?? ''}`;

const serviceOf = (servicePort: string): string => servicePort.slice(0, Math.max(0, servicePort.indexOf(':')));
