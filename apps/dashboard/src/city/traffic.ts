import type { CityRecord } from '@kubecity/protocol';
import type { City } from './city.ts';

type Edge = CityRecord<'edge'>;

/** Sums over edges. Rates are per second over the hub's last frames (about 3 s). */
export interface Traffic {
  readonly openedPerSecond: number;
  readonly refusedPerSecond: number;
  readonly bytesPerSecond: number;
  readonly moving: number;
  readonly idle: number;
  readonly closing: number;
  /** Edges in the sum, and those of them whose agent is silent. */
  readonly edges: number;
  readonly staleEdges: number;
}

export const NO_TRAFFIC: Traffic = {
  openedPerSecond: 0,
  refusedPerSecond: 0,
  bytesPerSecond: 0,
  moving: 0,
  idle: 0,
  closing: 0,
  edges: 0,
  staleEdges: 0,
};

export function addEdge(sum: Traffic, edge: Edge): Traffic {
  return {
    openedPerSecond: sum.openedPerSecond + edge.openedPerSecond,
    refusedPerSecond: sum.refusedPerSecond + edge.refusedPerSecond,
    bytesPerSecond: sum.bytesPerSecond + edge.bytesToBackendPerSecond + edge.bytesToClientPerSecond,
    moving: sum.moving + edge.moving,
    idle: sum.idle + edge.idle,
    closing: sum.closing + edge.closing,
    edges: sum.edges + 1,
    staleEdges: sum.staleEdges + (edge.stale ? 1 : 0),
  };
}

/** Open connections a person would count: closing ones have said goodbye already. */
export const open = (traffic: Traffic): number => traffic.moving + traffic.idle;

/** Nothing in the sum is fresh. */
export const stale = (traffic: Traffic): boolean => traffic.edges > 0 && traffic.staleEdges === traffic.edges;

/** The part of new connections that was refused, 0..1. */
export const refusedShare = (traffic: Traffic): number =>
  traffic.openedPerSecond > 0 ? Math.min(1, traffic.refusedPerSecond / traffic.openedPerSecond) : 0;

/** All sums of one city, computed in one walk over its edges. */
export interface TrafficSums {
  readonly all: Traffic;
  readonly byService: ReadonlyMap<string, Traffic>;
  readonly byBackend: ReadonlyMap<string, Traffic>;
  /** By pod uid: what its backends receive. */
  readonly intoPod: ReadonlyMap<string, Traffic>;
  /** By pod uid: what it opens as a client. */
  readonly outOfPod: ReadonlyMap<string, Traffic>;
  /** By node: received by its backends plus opened by its clients, each edge once. */
  readonly byNode: ReadonlyMap<string, Traffic>;
}

export function sumTraffic(city: Pick<City, 'edge' | 'backend' | 'pod'>): TrafficSums {
  let all = NO_TRAFFIC;
  const byService = new Map<string, Traffic>();
  const byBackend = new Map<string, Traffic>();
  const intoPod = new Map<string, Traffic>();
  const outOfPod = new Map<string, Traffic>();
  const byNode = new Map<string, Traffic>();
  const add = (map: Map<string, Traffic>, key: string | undefined, edge: Edge) => {
    if (key !== undefined) map.set(key, addEdge(map.get(key) ?? NO_TRAFFIC, edge));
  };
  for (const edge of city.edge.values()) {
    const backend = city.backend.get(edge.backend);
    const clientNode = nodeOfClient(city, edge);
    all = addEdge(all, edge);
    add(byService, edge.service, edge);
    add(byBackend, edge.backend, edge);
    add(intoPod, backend?.podUid, edge);
    add(byNode, backend?.node, edge);
    if (edge.client.kind === 'pod') add(outOfPod, podUidOf(edge), edge);
    if (clientNode !== backend?.node) add(byNode, clientNode, edge);
  }
  return { all, byService, byBackend, intoPod, outOfPod, byNode };
}

/** The pod behind an edge's client id (`pod:<uid>`); the bare uid is understood as well. */
export const podUidOf = (edge: Edge): string => edge.client.id.replace(/^pod:/, '');

/** The node whose client opened the edge; undefined for outside clients. */
export function nodeOfClient(city: Pick<City, 'pod'>, edge: Edge): string | undefined {
  if (edge.client.kind === 'outside') return undefined;
  if (edge.client.kind === 'node') return edge.client.node ?? edge.client.id.replace(/^node:/, '');
  return edge.client.node ?? city.pod.get(podUidOf(edge))?.node;
}
