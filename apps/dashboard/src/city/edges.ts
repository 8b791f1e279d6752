import type { CityEdgeRow, CityEdges, EdgeName } from '@kubecity/protocol';

/** What one edge does; rates are per second, means over the last 10 s (of a moment: over its step). */
export interface EdgeFigures {
  /** Its agent is silent: the figures are the last ones heard. */
  readonly stale: boolean;
  readonly moving: number;
  readonly idle: number;
  readonly closing: number;
  readonly waiting: number;
  /** Of the open ones, those without packet and byte counters. */
  readonly uncounted: number;
  /** Totals since the agents' start. */
  readonly opened: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly openedPerSecond: number;
  readonly refusedPerSecond: number;
  readonly bytesToBackendPerSecond: number;
  readonly bytesToClientPerSecond: number;
  readonly packetsPerSecond: number;
}

/** One client, one service port (or none: a direct connection), one backend. */
export interface Edge extends EdgeName, EdgeFigures {}

/**
 * The name of an edge that outlives a connection to the hub: its number does not. A reused address is another pod and
 * another edge.
 */
export const edgeKey = ({ client, backend, podUid }: EdgeName): string =>
  `${client.id}>${backend}${podUid === undefined ? '' : `>${podUid}`}`;

export function edgeOf(name: EdgeName, row: CityEdgeRow): Edge {
  const at = (i: number) => row[i] as number;
  return {
    client: name.client,
    service: name.service,
    servicePort: name.servicePort,
    backend: name.backend,
    podUid: name.podUid,
    stale: at(1) === 1,
    moving: at(2),
    idle: at(3),
    closing: at(4),
    waiting: at(5),
    uncounted: at(6),
    opened: at(7),
    refused: at(8),
    unanswered: at(9),
    openedPerSecond: at(10),
    refusedPerSecond: at(11),
    bytesToBackendPerSecond: at(12),
    bytesToClientPerSecond: at(13),
    packetsPerSecond: at(14),
  };
}

/** Who the numbers of this connection to the hub stand for. */
export type EdgeNames = ReadonlyMap<number, { readonly key: string; readonly name: EdgeName }>;

export interface EdgeBook {
  readonly names: EdgeNames;
  readonly edges: ReadonlyMap<string, Edge>;
}

export const EMPTY_BOOK: EdgeBook = { names: new Map(), edges: new Map() };

/**
 * Takes the edges of one frame. Names are copied only when some come or go, edges once a frame; an edge without figures
 * yet is not shown. `undefined` when a row has a number that nobody defined: the thread is lost.
 * @param unseen nobody has seen this book: it is filled as it is, since copying it with every frame of a snapshot would cost
 * the square of its size
 */
export function takeEdges(
  book: EdgeBook,
  { reset, define, rows, forget }: CityEdges,
  unseen = false,
): EdgeBook | undefined {
  const start = reset ? EMPTY_BOOK : book;
  const isOwn = unseen && start !== EMPTY_BOOK;
  const names = !isOwn && define.length + forget.length > 0 ? new Map(start.names) : start.names;
  const edges = !isOwn && rows.length + forget.length > 0 ? new Map(start.edges) : start.edges;
  // Before the new ones: an edge that comes back has another number in the same frame.
  for (const id of forget) {
    const named = names.get(id);
    if (!named) continue;
    (names as Map<number, unknown>).delete(id);
    (edges as Map<string, Edge>).delete(named.key);
  }
  for (const [id, name] of define) (names as Map<number, unknown>).set(id, { key: edgeKey(name), name });
  for (const row of rows) {
    const named = names.get(row[0] as number);
    if (!named) return undefined;
    (edges as Map<string, Edge>).set(named.key, edgeOf(named.name, row));
  }
  return { names, edges };
}
