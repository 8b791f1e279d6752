import type { City } from './city.ts';
import type { Edge } from './edges.ts';

/** Sums over edges; rates are per second, of the same window as the edges'. */
export interface Traffic {
  readonly openedPerSecond: number;
  readonly refusedPerSecond: number;
  readonly bytesToBackendPerSecond: number;
  readonly bytesToClientPerSecond: number;
  readonly moving: number;
  readonly idle: number;
  readonly closing: number;
  readonly waiting: number;
  readonly uncounted: number;
  /** Totals since the agents' start. */
  readonly opened: number;
  readonly refused: number;
  readonly unanswered: number;
  /** Edges in the sum, and those of them whose agent is silent. */
  readonly edges: number;
  readonly staleEdges: number;
}

type Sum = { -readonly [K in keyof Traffic]: number };

const nothing = (): Sum => ({
  openedPerSecond: 0,
  refusedPerSecond: 0,
  bytesToBackendPerSecond: 0,
  bytesToClientPerSecond: 0,
  moving: 0,
  idle: 0,
  closing: 0,
  waiting: 0,
  uncounted: 0,
  opened: 0,
  refused: 0,
  unanswered: 0,
  edges: 0,
  staleEdges: 0,
});

export const NO_TRAFFIC: Traffic = nothing();

/** Adds in place: a large city has many edges and each is in six sums. */
function add(sum: Sum, edge: Edge): void {
  sum.openedPerSecond += edge.openedPerSecond;
  sum.refusedPerSecond += edge.refusedPerSecond;
  sum.bytesToBackendPerSecond += edge.bytesToBackendPerSecond;
  sum.bytesToClientPerSecond += edge.bytesToClientPerSecond;
  sum.moving += edge.moving;
  sum.idle += edge.idle;
  sum.closing += edge.closing;
  sum.waiting += edge.waiting;
  sum.uncounted += edge.uncounted;
  sum.opened += edge.opened;
  sum.refused += edge.refused;
  sum.unanswered += edge.unanswered;
  sum.edges += 1;
  sum.staleEdges += edge.stale ? 1 : 0;
}

export function sumOf(edges: Iterable<Edge>): Traffic {
  const sum = nothing();
  for (const edge of edges) add(sum, edge);
  return sum;
}

/** Sums of groups of edges, by any name. */
export class TrafficGroups {
  readonly #sums = new Map<string, Sum>();

  add(group: string | undefined, edge: Edge): void {
    if (group === undefined) return;
    let sum = this.#sums.get(group);
    if (!sum) {
      sum = nothing();
      this.#sums.set(group, sum);
    }
    add(sum, edge);
  }

  get sums(): ReadonlyMap<string, Traffic> {
    return this.#sums;
  }
}

/** Open connections a person would count: closing ones have said goodbye, waiting ones have no answer yet. */
export const open = (traffic: Pick<Traffic, 'moving' | 'idle'>): number => traffic.moving + traffic.idle;

export const bytesPerSecond = (traffic: Pick<Traffic, 'bytesToBackendPerSecond' | 'bytesToClientPerSecond'>): number =>
  traffic.bytesToBackendPerSecond + traffic.bytesToClientPerSecond;

/** Nothing in the sum is fresh. */
export const stale = (traffic: Traffic): boolean => traffic.edges > 0 && traffic.staleEdges === traffic.edges;

/** The part of new connections that was refused, 0..1. */
export const refusedShare = (traffic: Traffic): number =>
  traffic.openedPerSecond > 0 ? Math.min(1, traffic.refusedPerSecond / traffic.openedPerSecond) : 0;

/** All sums of one city. Each kind is made when it is first asked for: few views need more than one or two. */
export interface TrafficSums {
  readonly all: Traffic;
  /** Direct connections belong to no Service. */
  readonly byService: ReadonlyMap<string, Traffic>;
  readonly byBackend: ReadonlyMap<string, Traffic>;
  /** By pod uid: what it receives, through Services and directly. */
  readonly intoPod: ReadonlyMap<string, Traffic>;
  /** By pod uid: what it receives past every Service. */
  readonly directIntoPod: ReadonlyMap<string, Traffic>;
  /** By pod uid: what it opens as a client. */
  readonly outOfPod: ReadonlyMap<string, Traffic>;
  /** By node: received by its backends plus opened by its clients, each edge once. */
  readonly byNode: ReadonlyMap<string, Traffic>;
}

/** By name and uid, what `EdgeEnds` knows of an edge. */
interface Ends {
  readonly clientPod?: string;
  readonly clientNode?: string;
  readonly backendPod?: string;
  readonly backendNode?: string;
}

/** @param ends by the same keys as the edges */
export function sumTraffic(edges: ReadonlyMap<string, Edge>, ends: ReadonlyMap<string, Ends>): TrafficSums {
  // Each edge's ends are looked up once, not once for each kind.
  const pairs = once(() => [...edges].map(([id, edge]) => ({ edge, own: ends.get(id) as Ends })));
  const by = (groupOf: (edge: Edge, ends: Ends) => string | undefined) =>
    once(() => {
      const groups = new TrafficGroups();
      for (const { edge, own } of pairs()) groups.add(groupOf(edge, own), edge);
      return groups.sums;
    });
  const all = once(() => sumOf(edges.values()));
  const byService = by((edge) => (isDirect(edge) ? undefined : edge.service));
  const byBackend = by((edge) => (isDirect(edge) ? undefined : edge.backend));
  const intoPod = by((_, { backendPod }) => backendPod);
  const directIntoPod = by((edge, { backendPod }) => (isDirect(edge) ? backendPod : undefined));
  const outOfPod = by((_, { clientPod }) => clientPod);
  const byNode = once(() => {
    const groups = new TrafficGroups();
    for (const { edge, own } of pairs()) {
      groups.add(own.backendNode, edge);
      if (own.clientNode !== own.backendNode) groups.add(own.clientNode, edge);
    }
    return groups.sums;
  });
  return {
    get all() {
      return all();
    },
    get byService() {
      return byService();
    },
    get byBackend() {
      return byBackend();
    },
    get intoPod() {
      return intoPod();
    },
    get directIntoPod() {
      return directIntoPod();
    },
    get outOfPod() {
      return outOfPod();
    },
    get byNode() {
      return byNode();
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** To a pod's own address, past every Service. */
export const isDirect = (edge: Pick<Edge, 'service'>): boolean => edge.service === '';

/** Something is open on it or opens. What is over stays in the table a while. */
export const isAlive = (edge: Edge): boolean => edge.openedPerSecond > 0 || open(edge) + edge.waiting > 0;

/** The pod behind an edge's client id (`pod:<uid>`). */
export const podUidOf = (edge: Edge): string => edge.client.id.slice('pod:'.length);

/** The pod that answers: the one seen when the connections began, else the one the backend has now. */
export const podOfBackend = (city: Pick<City, 'backend'>, edge: Edge): string | undefined =>
  edge.podUid ?? city.backend.get(edge.backend)?.podUid;

/** The node that answers; undefined for endpoints outside the cluster and pods that are gone. */
export function nodeOfBackend(city: Pick<City, 'backend' | 'pod'>, edge: Edge): string | undefined {
  const backend = city.backend.get(edge.backend);
  const uid = edge.podUid ?? backend?.podUid;
  return uid === undefined
    ? backend?.node
    : (city.pod.get(uid)?.node ?? (backend?.podUid === uid ? backend.node : undefined));
}

/** The node whose client opened the edge; undefined for outside clients. */
export function nodeOfClient(city: Pick<City, 'pod'>, edge: Edge): string | undefined {
  if (edge.client.kind === 'outside') return undefined;
  if (edge.client.kind === 'node') return edge.client.node ?? edge.client.id.slice('node:'.length);
  return edge.client.node ?? city.pod.get(podUidOf(edge))?.node;
}
