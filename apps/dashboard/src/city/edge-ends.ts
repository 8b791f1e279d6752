import type { City } from './city.ts';
import type { Edge } from './edges.ts';
import { type Dug, type Ground, hamletId } from './ground.ts';
import { isDirect, nodeOfBackend, nodeOfClient, podOfBackend, podUidOf } from './traffic.ts';

/** Where an edge begins and ends. Places of the map by id: `service:…`, `hamlet:…`, `node:…`, and the gates. */
export interface EdgeEnds {
  /** Services lens: the client's Service, hamlet or gate. */
  readonly origin: string;
  /** Nodes lens: the client's node or gate. */
  readonly clientPlace: string;
  /** The junction between them; undefined for direct connections. */
  readonly service?: string;
  /** Services lens, direct connections only: the Service or hamlet where the pod lives. */
  readonly target?: string;
  /** Nodes lens: the backend's node; undefined when the endpoint is outside the cluster or gone. */
  readonly backendPlace?: string;
  /** The same by name and uid, as far as they are known. */
  readonly clientNode?: string;
  readonly clientPod?: string;
  readonly backendNode?: string;
  readonly backendPod?: string;
  /** Of the edge whose ends these are. */
  readonly client: Edge['client'];
}

export const OUTSIDE_GATE = 'gate:outside';
export const NODES_GATE = 'gate:nodes';
/** Clients that the cluster no longer knows still have connections, and had them in the past. */
export const GONE_GATE = 'gate:gone';
export const servicePlace = (id: string): string => `service:${id}`;
export const nodePlace = (name: string): string => `node:${name}`;
export const podPlace = (uid: string): string => `pod:${uid}`;

export type Ends = ReadonlyMap<string, EdgeEnds>;

/**
 * The ends of all edges.
 * @param before those of an earlier moment, and what was dug since; its very map is given back when nothing came, went or moved
 */
export function endsOfAll(city: City, { homes }: Ground, before?: { readonly ends: Ends; readonly dug: Dug }): Ends {
  const ends = new Map<string, EdgeEnds>();
  const known = before?.ends;
  let same = known?.size === city.edge.size;
  for (const [id, edge] of city.edge) {
    const old = known?.get(id);
    const kept = old && old.client === edge.client && before && !moved(edge, old, before.dug) ? old : undefined;
    same &&= kept !== undefined;
    ends.set(id, kept ?? endsOf(city, homes, edge));
  }
  return same && known ? known : ends;
}

function moved(edge: Edge, { clientPod, backendPod }: EdgeEnds, { pods, backends }: Dug): boolean {
  if (pods.size + backends.size === 0) return false;
  return (
    backends.has(edge.backend) ||
    (clientPod !== undefined && pods.has(clientPod)) ||
    (backendPod !== undefined && pods.has(backendPod))
  );
}

function endsOf(city: City, homes: ReadonlyMap<string, string>, edge: Edge): EdgeEnds {
  const clientNode = nodeOfClient(city, edge);
  const backendNode = nodeOfBackend(city, edge);
  const clientPod = edge.client.kind === 'pod' ? podUidOf(edge) : undefined;
  const backendPod = podOfBackend(city, edge);
  const clientGate = clientPod === undefined ? OUTSIDE_GATE : GONE_GATE;
  return {
    origin: originOf(city, homes, edge),
    clientPlace: clientNode === undefined ? clientGate : nodePlace(clientNode),
    service: isDirect(edge) ? undefined : servicePlace(edge.service),
    target: isDirect(edge) ? homeOf(city, homes, backendPod) : undefined,
    backendPlace: backendNode === undefined ? undefined : nodePlace(backendNode),
    clientNode,
    clientPod,
    backendNode,
    backendPod,
    client: edge.client,
  };
}

function originOf(city: City, homes: ReadonlyMap<string, string>, edge: Edge): string {
  if (edge.client.kind === 'outside') return OUTSIDE_GATE;
  if (edge.client.kind === 'node') return NODES_GATE;
  return homeOf(city, homes, podUidOf(edge)) ?? GONE_GATE;
}

/** The Service or hamlet where a pod lives on the services lens; undefined when it is gone. */
function homeOf(city: City, homes: ReadonlyMap<string, string>, uid: string | undefined): string | undefined {
  if (uid === undefined) return undefined;
  const home = homes.get(uid);
  if (home !== undefined) return servicePlace(home);
  const pod = city.pod.get(uid);
  return pod && hamletId(pod);
}
