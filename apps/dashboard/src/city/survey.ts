import type { CityRecord } from '@kubecity/protocol';
import type { City } from './city.ts';
import type { Edge } from './edges.ts';
import { type Backend, backendsByService, homesOfPods, type Stand, standsOf, workloadOf } from './services.ts';
import {
  isDirect,
  nodeOfBackend,
  nodeOfClient,
  podOfBackend,
  podUidOf,
  sumTraffic,
  type Traffic,
  TrafficGroups,
  type TrafficSums,
} from './traffic.ts';

/** Everything derived from the records that both lenses, the panel and the tables share; made once per frame. */
export interface Survey extends Ground {
  readonly city: City;
  readonly sums: TrafficSums;
  /** Where each edge begins and ends on either lens. */
  readonly ends: ReadonlyMap<string, EdgeEnds>;
}

/** What does not depend on the traffic: kept from frame to frame while pods and backends stay as they are. */
interface Ground {
  readonly backends: ReadonlyMap<string, readonly Backend[]>;
  readonly stands: ReadonlyMap<string, readonly Stand[]>;
  readonly homes: ReadonlyMap<string, string>;
  /** Pods that back no Service, by hamlet id: those of one workload live together. */
  readonly hamlets: ReadonlyMap<string, Hamlet>;
}

export interface Hamlet {
  readonly id: string;
  readonly namespace: string;
  readonly workload: string;
  readonly pods: readonly CityRecord<'pod'>[];
}

/** Places of the map, by id: `service:…`, `hamlet:…`, `node:…`, and the gates. */
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
}

export const OUTSIDE_GATE = 'gate:outside';
export const NODES_GATE = 'gate:nodes';
/** Clients that the cluster no longer knows still have connections, and had them in the past. */
export const GONE_GATE = 'gate:gone';
export const servicePlace = (id: string): string => `service:${id}`;
export const nodePlace = (name: string): string => `node:${name}`;
export const podPlace = (uid: string): string => `pod:${uid}`;

/** `before` is the survey of the frame before, if any: what has not changed is taken from it. */
export function surveyCity(city: City, before?: Survey): Survey {
  const same = before && before.city.pod === city.pod && before.city.backend === city.backend;
  const ground: Ground = same ? before : groundOf(city);
  const ends = new Map<string, EdgeEnds>();
  for (const [id, edge] of city.edge) {
    ends.set(id, (same && before.ends.get(id)) || endsOf(city, ground.homes, edge));
  }
  const { backends, stands, homes, hamlets } = ground;
  return { city, sums: sumTraffic(city), backends, stands, homes, hamlets, ends };
}

function groundOf(city: City): Ground {
  const backends = backendsByService(city);
  const stands = new Map([...backends].map(([service, group]) => [service, standsOf(group)]));
  const homes = homesOfPods(city);
  return { backends, stands, homes, hamlets: hamletsOf(city, homes) };
}

const hamletId = (pod: CityRecord<'pod'>): string => `hamlet:${pod.namespace}/${workloadOf(pod)}`;

function hamletsOf(city: City, homes: ReadonlyMap<string, string>): ReadonlyMap<string, Hamlet> {
  const groups = new Map<string, CityRecord<'pod'>[]>();
  for (const [uid, pod] of city.pod) {
    if (homes.has(uid)) continue;
    groups.set(hamletId(pod), [...(groups.get(hamletId(pod)) ?? []), pod]);
  }
  return new Map(
    [...groups].map(([id, pods]) => {
      pods.sort((a, b) => a.name.localeCompare(b.name) || a.uid.localeCompare(b.uid));
      const first = pods[0] as CityRecord<'pod'>;
      return [id, { id, namespace: first.namespace, workload: workloadOf(first), pods }];
    }),
  );
}

function endsOf(city: City, homes: ReadonlyMap<string, string>, edge: Edge): EdgeEnds {
  const clientNode = nodeOfClient(city, edge);
  const backendNode = nodeOfBackend(city, edge);
  const clientGate = edge.client.kind === 'pod' ? GONE_GATE : OUTSIDE_GATE;
  return {
    origin: originOf(city, homes, edge),
    clientPlace: clientNode === undefined ? clientGate : nodePlace(clientNode),
    service: isDirect(edge) ? undefined : servicePlace(edge.service),
    target: isDirect(edge) ? homeOf(city, homes, podOfBackend(city, edge)) : undefined,
    backendPlace: backendNode === undefined ? undefined : nodePlace(backendNode),
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

export const roadId = (from: string, to: string): string => `${from}→${to}`;
/** A footpath: where direct connections go, past every junction. */
export const pathId = (from: string, to: string): string => `${from}⇢${to}`;

/** The two places of a road or footpath. */
export function placesOfRoad(id: string): { readonly from: string; readonly to: string; readonly direct: boolean } {
  const direct = id.includes('⇢');
  const [from = '', to = ''] = id.split(direct ? '⇢' : '→');
  return { from, to, direct };
}

/** Does this edge run on that road? `out` is towards the Service, `back` from the Service to a backend's node. */
export function laneOf(ends: EdgeEnds, road: string): 'out' | 'back' | undefined {
  const { from, to, direct } = placesOfRoad(road);
  if (direct) {
    if (ends.service !== undefined) return undefined;
    const services = ends.origin === from && ends.target === to;
    return services || (ends.clientPlace === from && ends.backendPlace === to) ? 'out' : undefined;
  }
  if (ends.service !== to) return undefined;
  if (ends.origin === from || ends.clientPlace === from) return 'out';
  return ends.backendPlace === from ? 'back' : undefined;
}

/** One bundle of edges between two places of the map. */
export interface Flow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly traffic: Traffic;
  readonly edges: readonly string[];
}

/** Bundles edges by the road that `pick` gives each; `undefined` leaves an edge out. */
export function bundle(survey: Survey, pick: (ends: EdgeEnds, edge: Edge) => string | undefined): readonly Flow[] {
  const groups = new TrafficGroups();
  const edges = new Map<string, string[]>();
  for (const [id, edge] of survey.city.edge) {
    const ends = survey.ends.get(id);
    const road = ends && pick(ends, edge);
    if (road === undefined) continue;
    groups.add(road, edge);
    const own = edges.get(road);
    if (own) own.push(id);
    else edges.set(road, [id]);
  }
  return [...groups.sums]
    .map(([id, traffic]) => ({ id, ...placesOfRoad(id), traffic, edges: edges.get(id) as string[] }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
