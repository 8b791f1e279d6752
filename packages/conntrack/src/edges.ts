import type { AddressTable } from './address-table.ts';
import type { Destination, Edge, Target } from './edge.ts';
import { type Party, partyOf } from './party.ts';
import { Targets } from './targets.ts';

/** Clients beyond the bound are summed under this name, never dropped; so are backends beyond a second bound. */
export const OTHER = 'other';
export const OTHER_CLIENTS: Party = partyOf({ kind: 'outside', network: OTHER });

/** An edge without flows whose figures rest for so long is forgotten; its totals are final. */
const FORGET_AFTER_MS = 5 * 60_000;
/** The same while there is no room for others. Long enough for every reader to have been told the totals. */
const FORGET_IN_NEED_AFTER_MS = 30_000;

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

  readonly #edges = new Map<number, Edge>();
  readonly #targets: Targets;
  /** Edges that sum all that has no place, by service port. */
  readonly #rest = new Map<string, Edge>();
  readonly #limit: number;
  #lastId = 0;
  /** Edges that sum clients. */
  #folding = 0;

  constructor(limit: number, addresses: AddressTable) {
    this.#limit = limit;
    this.#targets = new Targets(addresses);
  }

  get size(): number {
    return this.#edges.size;
  }

  has(id: number): boolean {
    return this.#edges.has(id);
  }

  values(): Iterable<Edge> {
    return this.#edges.values();
  }

  intern(client: Party, destination: Destination, at: number): Edge {
    const target = this.#targets.find(destination);
    const known = target?.edges.get(client.key);
    if (known) return known;
    if (this.#hasRoom()) return this.#create(client, target ?? this.#targets.create(destination), at);
    const other = target?.edges.get(OTHER_CLIENTS.key) ?? this.#rest.get(destination.servicePort);
    if (other) return other;
    if (this.#folding < this.#limit / 2) {
      return this.#create(OTHER_CLIENTS, target ?? this.#targets.create(destination), at);
    }
    const { servicePort } = destination;
    const rest = this.#add(OTHER_CLIENTS, { servicePort, backend: OTHER, pod: undefined }, undefined, at);
    this.#rest.set(servicePort, rest);
    return rest;
  }

  /** Forgets edges that are long over. */
  retire(at: number): void {
    const after = this.#hasRoom() ? FORGET_AFTER_MS : FORGET_IN_NEED_AFTER_MS;
    for (const edge of this.#edges.values()) {
      if (edge.flows === 0 && at - edge.changedAt > after) this.#forget(edge);
    }
  }

  /** Connections in the table that are summed for want of room. */
  folded(): number {
    if (this.#folding === 0) return 0;
    let flows = 0;
    for (const edge of this.#edges.values()) if (edge.folds) flows += edge.flows;
    return flows;
  }

  #hasRoom(): boolean {
    return this.size - this.#folding < this.#limit;
  }

  #create(client: Party, target: Target, at: number): Edge {
    const edge = this.#add(client, target, target, at);
    target.edges.set(client.key, edge);
    return edge;
  }

  #forget(edge: Edge): void {
    this.#edges.delete(edge.id);
    this.forgotten += 1;
    if (edge.folds) this.#folding -= 1;
    const { target } = edge;
    if (target) {
      target.edges.delete(partyOf(edge.client).key);
      if (target.edges.size === 0) this.#targets.delete(target);
    } else this.#rest.delete(edge.servicePort);
  }

  #add(client: Party, { servicePort, backend, pod }: Names, target: Target | undefined, at: number): Edge {
    this.#lastId += 1;
    const folds = client === OTHER_CLIENTS;
    if (folds) this.#folding += 1;
    const edge: Edge = {
      id: this.#lastId,
      client: client.client,
      servicePort,
      service: serviceOf(servicePort),
      backend,
      pod,
      target,
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
    this.#edges.set(edge.id, edge);
    return edge;
  }
}

type Names = Pick<Target, 'servicePort' | 'backend' | 'pod'>;

const serviceOf = (servicePort: string): string => servicePort.slice(0, Math.max(0, servicePort.indexOf(':')));
