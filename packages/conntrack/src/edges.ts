import type { EdgeClient, EdgeKey } from '@kubecity/protocol';

/** Flows summed over client → service port → backend. Totals since the ledger began; they never fall. */
export interface Edge extends EdgeKey {
  readonly id: number;
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
  /** Flows in the kernel's table, those that are over but not gone yet included. */
  flows: number;
  /** Number of the dump that changed any figure above last, and its time (Unix ms). */
  revision: number;
  changedAt: number;
}

/** Clients beyond the limit of edges are summed under this name, never dropped. */
export const OTHER_CLIENTS: EdgeClient = { kind: 'outside', address: 'other' };

/** The edges of one ledger. Ids are never given twice, so an edge that returns after it was forgotten is a new one. */
export class EdgeTable {
  readonly #byKey = new Map<string, Edge>();
  readonly #byId = new Map<number, Edge>();
  readonly #limit: number;
  #lastId = 0;

  /** Beyond `limit` edges a new client is folded into `OTHER_CLIENTS`, one edge for each service port and backend. */
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

  intern(client: EdgeClient, servicePort: string, backend: string, at: number): Edge {
    const known = this.#byKey.get(keyOf(client, servicePort, backend));
    if (known) return known;
    if (this.size < this.#limit) return this.#create(client, servicePort, backend, at);
    return (
      this.#byKey.get(keyOf(OTHER_CLIENTS, servicePort, backend)) ??
      this.#create(OTHER_CLIENTS, servicePort, backend, at)
    );
  }

  delete(edge: Edge): void {
    this.#byId.delete(edge.id);
    this.#byKey.delete(keyOf(edge.client, edge.servicePort, edge.backend));
  }

  #create(client: EdgeClient, servicePort: string, backend: string, at: number): Edge {
    this.#lastId += 1;
    const edge: Edge = {
      id: this.#lastId,
      client,
      servicePort,
      backend,
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
      flows: 0,
      revision: 0,
      changedAt: at,
    };
    this.#byId.set(edge.id, edge);
    this.#byKey.set(keyOf(client, servicePort, backend), edge);
    return edge;
  }
}

/** A blank cannot occur in a name, an address or a service port, so parts cannot run into each other. */
function keyOf(client: EdgeClient, servicePort: string, backend: string): string {
  const who = client.kind === 'pod' ? client.uid : client.kind === 'node' ? client.name : client.address;
  return `${client.kind} ${who} ${servicePort} ${backend}`;
}
