import type { City } from './city.ts';
import { backendAddress, backendName, clientName } from './edge-rows.ts';
import type { Selection } from './find.ts';
import type { NamedEdge } from './scope.ts';
import { clearlyMore } from './share.ts';
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

/** The rows with their new figures in the order of `before`; new ones follow. */
export function standing(rows: readonly Ranked[], before: readonly string[]): readonly Ranked[] {
  const places = new Map(before.map((id, place) => [id, place]));
  return rows.toSorted((a, b) => (places.get(a.id) ?? before.length) - (places.get(b.id) ?? before.length));
}

/** One that stands first, or several between which chance decides. */
export interface Leaders {
  /** The most first; of those that cannot be told apart too. */
  readonly rows: readonly Ranked[];
  /** What the first has, per second. */
  readonly amount: number;
}

/** Who gets the most, and from whom that comes. */
export interface Busiest {
  readonly backends: Leaders;
  readonly clients: Leaders;
}

/** Streamed rates are means over this long, seconds. */
const RATE_SECONDS = 10;

/** Connections are counted and chance is known; bytes are not independent of each other, and so many times as much is clearly more. */
const CLEARLY = 1.15;

/**
 * Who is first, and everybody who may be: between equals chance decides, and a name alone would state it as a fact.
 * New connections of backends are those that their shares are made of, a minute's; where they are not told, the rates' window.
 */
export function busiest(city: City, edges: readonly NamedEdge[], measure: Measure): Busiest | undefined {
  const backends = leaders(recounted(city, rankBackends(city, edges, measure), measure), measure);
  if (!backends) return undefined;
  const ids = new Set(backends.rows.map(({ id }) => id));
  const own = edges.filter(([, edge]) => ids.has(`${edge.backend}>${podOfBackend(city, edge) ?? ''}`));
  const clients = leaders(counted(rankClients(city, own, measure), measure), measure);
  return clients && { backends, clients };
}

interface CountedRow {
  readonly row: Ranked;
  /** New connections within `seconds`, or bytes per second. */
  readonly count: number;
  readonly seconds: number;
}

const counted = (rows: readonly Ranked[], measure: Measure): readonly CountedRow[] => {
  const seconds = measure === 'bytes' ? 1 : RATE_SECONDS;
  return rows.map((row) => ({ row, count: measured(row.traffic, measure) * seconds, seconds }));
};

/** The counts that the bars of shares are drawn by, so that sentence and bars say the same. */
function recounted(city: City, rows: readonly Ranked[], measure: Measure): readonly CountedRow[] {
  if (measure === 'bytes') return counted(rows, measure);
  const loads = rows.map(({ selection }) => (selection?.kind === 'backend' ? city.load.get(selection.id) : undefined));
  const window = loads[0]?.windowSeconds ?? 0;
  const told = window > 0 && loads.every((load) => load?.windowSeconds === window);
  if (!told) return counted(rows, measure);
  const all = loads.reduce((sum, load) => sum + (load?.opened ?? 0), 0);
  return rows
    .map((row, i) => {
      const count = loads[i]?.opened ?? 0;
      return { row: { ...row, share: all === 0 ? 0 : count / all }, count, seconds: window };
    })
    .sort((a, b) => b.count - a.count);
}

function leaders(rows: readonly CountedRow[], measure: Measure): Leaders | undefined {
  const [first] = rows;
  if (!first || first.count === 0) return undefined;
  const isBehind = ({ count }: CountedRow) =>
    measure === 'bytes' ? first.count > count * CLEARLY : clearlyMore(first.count, count);
  return {
    rows: rows.filter((row) => row.count > 0 && !isBehind(row)).map(({ row }) => row),
    amount: first.count / first.seconds,
  };
}
