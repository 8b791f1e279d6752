import type { City } from './city.ts';
import { backendAddress, backendName, clientName } from './edge-rows.ts';
import type { Selection } from './find.ts';
import type { NamedEdge } from './scope.ts';
import { placesOfRoad } from './survey.ts';
import {
  bytesPerSecond,
  isDirect,
  nodeOfBackend,
  nodeOfClient,
  podOfBackend,
  podUidOf,
  type Traffic,
  TrafficGroups,
} from './traffic.ts';

export type Measure = 'connections' | 'bytes';

/** One line of a ranking. */
export interface Ranked {
  readonly id: string;
  readonly name: string;
  /** Where it is, or what else tells it apart. */
  readonly detail?: string;
  /** What its panel is; absent of what has none: an outside network, what is gone. */
  readonly selection?: Selection;
  readonly traffic: Traffic;
  /** 0..1 of what all lines together have; 0 when that is nothing. */
  readonly share: number;
}

/** What a ranking is made by: per second. */
export const measured = (traffic: Traffic, measure: Measure): number =>
  measure === 'bytes' ? bytesPerSecond(traffic) : traffic.openedPerSecond;

type Group = Omit<Ranked, 'traffic' | 'share'>;

/** Groups edges and puts the busiest first; the quiet ones by name, so that they stay where they are. */
function ranked(edges: Iterable<NamedEdge>, measure: Measure, groupOf: (named: NamedEdge) => Group): readonly Ranked[] {
  const groups = new Map<string, Group>();
  const sums = new TrafficGroups();
  for (const named of edges) {
    const [, edge] = named;
    const group = groupOf(named);
    if (!groups.has(group.id)) groups.set(group.id, group);
    sums.add(group.id, edge);
  }
  let all = 0;
  for (const traffic of sums.sums.values()) all += measured(traffic, measure);
  return [...sums.sums]
    .map(
      ([id, traffic]): Ranked => ({
        ...(groups.get(id) as Group),
        traffic,
        share: all === 0 ? 0 : measured(traffic, measure) / all,
      }),
    )
    .sort((a, b) => b.share - a.share || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
}

/** Who opens the connections: pods, nodes, networks outside. */
export const rankClients = (city: City, edges: Iterable<NamedEdge>, measure: Measure): readonly Ranked[] =>
  ranked(edges, measure, ([, edge]) => {
    const { kind, id } = edge.client;
    const node = nodeOfClient(city, edge);
    const group = {
      id,
      name: clientName(city, edge),
      detail: kind === 'pod' ? node : kind === 'node' ? 'node' : 'outside',
    };
    if (kind === 'pod' && city.pod.has(podUidOf(edge)))
      return { ...group, selection: { kind: 'pod', id: podUidOf(edge) } };
    if (kind === 'pod') return { ...group, detail: 'gone' };
    return kind === 'node' && node !== undefined && city.node.has(node)
      ? { ...group, selection: { kind: 'node', id: node } }
      : group;
  });

/**
 * Who answers. A pod that took over an address is another line.
 * @param beside what stands beside the name: where it is, or for which Service
 */
export const rankBackends = (
  city: City,
  edges: Iterable<NamedEdge>,
  measure: Measure,
  beside: 'node' | 'service' = 'node',
): readonly Ranked[] =>
  ranked(edges, measure, ([, edge]) => {
    const uid = podOfBackend(city, edge);
    const id = `${edge.backend}>${uid ?? ''}`;
    const known = city.backend.get(edge.backend);
    const place = nodeOfBackend(city, edge) ?? backendAddress(edge);
    const service = isDirect(edge) ? 'direct' : edge.service;
    const group = { id, name: backendName(city, edge), detail: beside === 'service' ? service : place };
    if (known && known.podUid === uid) return { ...group, selection: { kind: 'backend', id: edge.backend } };
    if (uid === undefined) return group;
    return city.pod.has(uid) ? { ...group, selection: { kind: 'pod', id: uid } } : { ...group, detail: 'gone' };
  });

/**
 * The streets of a bundle.
 * @param streetOf the road on which an edge runs
 * @param nameOf words for a place of the map
 */
export const rankStreets = (
  edges: Iterable<NamedEdge>,
  measure: Measure,
  streetOf: (edge: NamedEdge) => string,
  nameOf: (place: string) => string,
): readonly Ranked[] =>
  ranked(edges, measure, (edge) => {
    const id = streetOf(edge);
    const { from, to, direct } = placesOfRoad(id);
    const name = `${nameOf(from)} → ${nameOf(to)}`;
    return { id, name, ...(direct && { detail: 'direct' }), selection: { kind: 'road', id } };
  });

/** Whom it talks to: Services, and pods past every Service. */
export const rankTargets = (city: City, edges: Iterable<NamedEdge>, measure: Measure): readonly Ranked[] =>
  ranked(edges, measure, ([, edge]) => {
    if (!isDirect(edge)) {
      const selection = city.service.has(edge.service) ? { kind: 'service' as const, id: edge.service } : undefined;
      return { id: edge.service, name: edge.service, selection };
    }
    const uid = podOfBackend(city, edge);
    const selection = uid !== undefined && city.pod.has(uid) ? { kind: 'pod' as const, id: uid } : undefined;
    return { id: edge.backend, name: backendName(city, edge), detail: 'direct', selection };
  });

/** A line passes the one above it only with so many times as much: among equals chance would move them every second. */
const CLEARLY = 1.15;

/**
 * The same lines in an order that rests: as they stood before, except for those that clearly have more than others.
 * @param before their ids as they stood; new ones join where they belong
 */
export function settled(rows: readonly Ranked[], before: readonly string[]): readonly Ranked[] {
  const stood = new Map(before.map((id, place) => [id, place]));
  const known = rows.filter(({ id }) => stood.has(id));
  const order = known.sort((a, b) => (stood.get(a.id) as number) - (stood.get(b.id) as number));
  order.push(...rows.filter(({ id }) => !stood.has(id)));
  for (let i = 1; i < order.length; i += 1) {
    const row = order[i] as Ranked;
    let place = i;
    while (place > 0 && row.share > (order[place - 1] as Ranked).share * CLEARLY) {
      order[place] = order[place - 1] as Ranked;
      place -= 1;
    }
    order[place] = row;
  }
  return order;
}

/** The backend that gets the most and the client from which it gets the most of that; undefined while nothing moves. */
export interface Busiest {
  readonly backend: Ranked;
  readonly client: Ranked;
}

/** @param before what was said last: among equals it is said again */
export function busiest(
  city: City,
  edges: readonly NamedEdge[],
  measure: Measure,
  before?: Busiest,
): Busiest | undefined {
  const backend = first(rankBackends(city, edges, measure), before?.backend);
  if (!backend || backend.share === 0) return undefined;
  const own = edges.filter(([, edge]) => `${edge.backend}>${podOfBackend(city, edge) ?? ''}` === backend.id);
  const client = first(rankClients(city, own, measure), before?.client);
  return client && { backend, client };
}

function first(rows: readonly Ranked[], before: Ranked | undefined): Ranked | undefined {
  const again = rows.find(({ id }) => id === before?.id);
  return again && (rows[0] as Ranked).share <= again.share * CLEARLY ? again : rows[0];
}
