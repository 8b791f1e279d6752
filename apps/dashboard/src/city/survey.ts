import type { CityRecord } from '@kubecity/protocol';
import type { City } from './city.ts';
import { type Backend, backendsByService, homesOfPods, type Stand, standsOf, workloadOf } from './services.ts';
import { addEdge, NO_TRAFFIC, nodeOfClient, podUidOf, sumTraffic, type Traffic, type TrafficSums } from './traffic.ts';

/** Everything derived from the records that both lenses, the panel and the directory share; made once per frame. */
export interface Survey {
  readonly city: City;
  readonly sums: TrafficSums;
  readonly backends: ReadonlyMap<string, readonly Backend[]>;
  readonly stands: ReadonlyMap<string, readonly Stand[]>;
  readonly homes: ReadonlyMap<string, string>;
  /** Pods that back no Service, by hamlet id: those of one workload live together. */
  readonly hamlets: ReadonlyMap<string, Hamlet>;
  /** Where each edge begins and ends on either lens. */
  readonly ends: ReadonlyMap<string, EdgeEnds>;
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
  readonly service: string;
  /** Nodes lens: the backend's node; undefined when the endpoint is outside the cluster. */
  readonly backendPlace?: string;
}

export const OUTSIDE_GATE = 'gate:outside';
export const NODES_GATE = 'gate:nodes';
export const servicePlace = (id: string): string => `service:${id}`;
export const nodePlace = (name: string): string => `node:${name}`;
export const podPlace = (uid: string): string => `pod:${uid}`;

export function surveyCity(city: City): Survey {
  const backends = backendsByService(city);
  const stands = new Map([...backends].map(([service, group]) => [service, standsOf(group)]));
  const homes = homesOfPods(city);
  const ends = new Map<string, EdgeEnds>();
  for (const [id, edge] of city.edge) ends.set(id, endsOf(city, homes, edge));
  return { city, sums: sumTraffic(city), backends, stands, homes, hamlets: hamletsOf(city, homes), ends };
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

function endsOf(city: City, homes: ReadonlyMap<string, string>, edge: CityRecord<'edge'>): EdgeEnds {
  const clientNode = nodeOfClient(city, edge);
  const backendNode = city.backend.get(edge.backend)?.node;
  return {
    origin: originOf(city, homes, edge),
    clientPlace: clientNode === undefined ? OUTSIDE_GATE : nodePlace(clientNode),
    service: servicePlace(edge.service),
    backendPlace: backendNode === undefined ? undefined : nodePlace(backendNode),
  };
}

/** A pod the cluster no longer knows still has connections: it comes through the outside gate. */
function originOf(city: City, homes: ReadonlyMap<string, string>, edge: CityRecord<'edge'>): string {
  if (edge.client.kind === 'outside') return OUTSIDE_GATE;
  if (edge.client.kind === 'node') return NODES_GATE;
  const home = homes.get(podUidOf(edge));
  if (home !== undefined) return servicePlace(home);
  const pod = city.pod.get(podUidOf(edge));
  return pod ? hamletId(pod) : OUTSIDE_GATE;
}

export const roadId = (from: string, to: string): string => `${from}→${to}`;

/** Does this edge run on that road? `out` is towards the Service, `back` from the Service to a backend's node. */
export function laneOf(ends: EdgeEnds, from: string, to: string): 'out' | 'back' | undefined {
  if (ends.service !== to) return undefined;
  if (ends.origin === from || ends.clientPlace === from) return 'out';
  return ends.backendPlace === from ? 'back' : undefined;
}

/** One bundle of edges between two places of the map. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly traffic: Traffic;
  readonly edges: readonly string[];
}

/** Bundles edges by the pair of places that `pick` gives each; `undefined` leaves an edge out. */
export function bundle(
  survey: Survey,
  pick: (ends: EdgeEnds, edge: CityRecord<'edge'>) => readonly [from: string, to: string] | undefined,
): readonly Flow[] {
  const flows = new Map<string, { from: string; to: string; traffic: Traffic; edges: string[] }>();
  for (const [id, edge] of survey.city.edge) {
    const ends = survey.ends.get(id);
    const pair = ends && pick(ends, edge);
    if (!pair) continue;
    const key = roadId(pair[0], pair[1]);
    const flow = flows.get(key) ?? { from: pair[0], to: pair[1], traffic: NO_TRAFFIC, edges: [] };
    flow.traffic = addEdge(flow.traffic, edge);
    flow.edges.push(id);
    flows.set(key, flow);
  }
  return [...flows.values()].sort((a, b) => roadId(a.from, a.to).localeCompare(roadId(b.from, b.to)));
}
