import type { City } from './city.ts';
import type { Edge } from './edges.ts';
import { finish, PIECE, type Slices } from './slices.ts';

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

/** Sums of the edges of one city, by one of these each. */
export interface GroupSums {
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

/** All sums of one city. Each kind is made when it is first asked for: few views need more than one or two. */
export interface TrafficSums extends GroupSums {
  readonly all: Traffic;
  /** The same as the field of that name, made a little at a time. */
  readonly sliced: (kind: keyof GroupSums) => Slices<ReadonlyMap<string, Traffic>>;
}

/** By name and uid, what `EdgeEnds` knows of an edge. */
interface Ends {
  readonly clientPod?: string;
  readonly clientNode?: string;
  readonly backendPod?: string;
  readonly backendNode?: string;
}

/** Adds an edge to the groups of one kind that it belongs to. */
const GROUPING: { readonly [K in keyof GroupSums]: (groups: TrafficGroups, edge: Edge, ends: Ends) => void } = {
  byService: (groups, edge) => groups.add(isDirect(edge) ? undefined : edge.service, edge),
  byBackend: (groups, edge) => groups.add(isDirect(edge) ? undefined : edge.backend, edge),
  intoPod: (groups, edge, { backendPod }) => groups.add(backendPod, edge),
  directIntoPod: (groups, edge, { backendPod }) => groups.add(isDirect(edge) ? backendPod : undefined, edge),
  outOfPod: (groups, edge, { clientPod }) => groups.add(clientPod, edge),
  byNode: (groups, edge, { backendNode, clientNode }) => {
    groups.add(backendNode, edge);
    if (clientNode !== backendNode) groups.add(clientNode, edge);
  },
};

/** @param ends by the same keys as the edges */
export function sumTraffic(edges: ReadonlyMap<string, Edge>, ends: ReadonlyMap<string, Ends>): TrafficSums {
  const made = new Map<keyof GroupSums, ReadonlyMap<string, Traffic>>();
  let all: Traffic | undefined;
  function* sliced(kind: keyof GroupSums): Slices<ReadonlyMap<string, Traffic>> {
    const known = made.get(kind);
    if (known) return known;
    const groups = new TrafficGroups();
    const group = GROUPING[kind];
    let looked = 0;
    for (const [id, edge] of edges) {
      group(groups, edge, ends.get(id) as Ends);
      looked += 1;
      if (looked % PIECE === 0) yield;
    }
    made.set(kind, groups.sums);
    return groups.sums;
  }
  const of = (kind: keyof GroupSums) => made.get(kind) ?? finish(sliced(kind));
  return {
    sliced,
    get all() {
      all ??= sumOf(edges.values());
      return all;
    },
    get byService() {
      return of('byService');
    },
    get byBackend() {
      return of('byBackend');
    },
    get intoPod() {
      return of('intoPod');
    },
    get directIntoPod() {
      return of('directIntoPod');
    },
    get outOfPod() {
      return of('outOfPod');
    },
    get byNode() {
      return of('byNode');
    },
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
