import { z } from 'zod';
import type { City } from './city.ts';
import type { Edge } from './edges.ts';
import { signOfBackend } from './services.ts';
import { isDirect, nodeOfBackend, nodeOfClient, podOfBackend, podUidOf, sumOf, type Traffic } from './traffic.ts';

/**
 * What of the city is shown. Every list that is not empty must hold; within a list one of its values is enough. The first
 * four name places, the others traffic.
 */
export interface Filter {
  readonly namespaces: readonly string[];
  readonly nodes: readonly string[];
  readonly zones: readonly string[];
  /** `namespace/name` */
  readonly services: readonly string[];
  readonly protocols: readonly string[];
  /** Of the backend. */
  readonly states: readonly FilterState[];
  /** Only where connections are refused or stay without an answer. */
  readonly errors: boolean;
  /** New connections per second at least. */
  readonly minRate: number;
}

export const FILTER_STATES = ['draining', 'weighted', 'unready', 'stale'] as const;
export type FilterState = (typeof FILTER_STATES)[number];

export const NO_FILTER: Filter = {
  namespaces: [],
  nodes: [],
  zones: [],
  services: [],
  protocols: [],
  states: [],
  errors: false,
  minRate: 0,
};

/** What a filter left out: shown as words, so that what is visible and what is folded are all there is. */
export interface Folded {
  readonly services: number;
  readonly pods: number;
  readonly nodes: number;
  readonly traffic: Traffic;
}

const LISTS = ['namespaces', 'nodes', 'zones', 'services', 'protocols', 'states'] as const;
const values = z.array(z.string().min(1).max(253)).max(200);
const filterParts = z.object({
  namespaces: values,
  nodes: values,
  zones: values,
  services: values,
  protocols: values,
  states: z.array(z.enum(FILTER_STATES)),
  errors: z.boolean(),
  minRate: z.number().nonnegative().max(1e9),
});

export const isFiltering = (filter: Filter): boolean =>
  LISTS.some((list) => filter[list].length > 0) || filter.errors || filter.minRate > 0;

/** How a filter stands in the address bar: one parameter per list, values separated by spaces (no name has one). */
export function filterToQuery(filter: Filter, query: URLSearchParams): void {
  for (const list of LISTS) if (filter[list].length > 0) query.set(list, filter[list].join(' '));
  if (filter.errors) query.set('errors', '');
  if (filter.minRate > 0) query.set('minRate', String(filter.minRate));
}

/** What cannot be read is left out: an address may come from an older page or a hand. */
export function filterFromQuery(query: URLSearchParams): Filter {
  const list = (name: string) => (query.get(name) ?? '').split(' ').filter(Boolean);
  const states = list('states').filter((state) => (FILTER_STATES as readonly string[]).includes(state));
  const rate = Number(query.get('minRate') ?? 0);
  const parsed = filterParts.safeParse({
    ...Object.fromEntries(LISTS.map((name) => [name, list(name)])),
    states,
    errors: query.has('errors'),
    minRate: Number.isFinite(rate) ? Math.max(0, rate) : 0,
  });
  return parsed.success ? parsed.data : NO_FILTER;
}

/**
 * The part of a city that passes. Places are visible when they pass themselves and nothing is asked of their traffic, or
 * when visible traffic touches them. Every edge is either visible or in `folded.traffic`.
 */
export function filterCity(city: City, filter: Filter): { readonly city: City; readonly folded: Folded } {
  const test = new FilterTest(city, filter);
  const edge = new Map<string, Edge>();
  const hidden: Edge[] = [];
  for (const [id, one] of city.edge) {
    if (test.edge(one)) edge.set(id, one);
    else hidden.push(one);
  }
  const touched = touchedBy(city, edge.values());
  const byTraffic = filter.errors || filter.minRate > 0 || filter.protocols.length > 0 || filter.states.length > 0;
  const pass = <T>(map: ReadonlyMap<string, T>, own: (value: T, id: string) => boolean, near: ReadonlySet<string>) =>
    new Map([...map].filter(([id, value]) => near.has(id) || (!byTraffic && own(value, id))));
  const service = pass(city.service, (_, id) => test.service(id), touched.services);
  const pod = pass(city.pod, (_, uid) => test.pod(uid), touched.pods);
  const node = pass(city.node, (_, name) => test.node(name), touched.nodes);
  const backend = new Map([...city.backend].filter(([, { service: of }]) => service.has(of)));
  const namespaces = new Set([...service.keys()].map(namespaceOf));
  for (const { namespace } of pod.values()) namespaces.add(namespace);
  return {
    city: {
      ...city,
      edge,
      service,
      pod,
      node,
      backend,
      namespace: new Map([...city.namespace].filter(([name]) => namespaces.has(name))),
    },
    folded: {
      services: city.service.size - service.size,
      pods: city.pod.size - pod.size,
      nodes: city.node.size - node.size,
      traffic: sumOf(hidden),
    },
  };
}

const namespaceOf = (id: string): string => id.slice(0, id.indexOf('/'));

/** `http/TCP`: the end of a service port's key; of direct connections unknown. */
const protocolOf = ({ servicePort }: Edge): string => servicePort.slice(servicePort.lastIndexOf('/') + 1);

class FilterTest {
  readonly #city: City;
  readonly #filter: Filter;
  readonly #lists: Readonly<Record<(typeof LISTS)[number], ReadonlySet<string>>>;
  readonly #servicesOfPods: ReadonlyMap<string, readonly string[]>;

  constructor(city: City, filter: Filter) {
    this.#city = city;
    this.#filter = filter;
    this.#lists = {
      namespaces: new Set(filter.namespaces),
      nodes: new Set(filter.nodes),
      zones: new Set(filter.zones),
      services: new Set(filter.services),
      protocols: new Set(filter.protocols),
      states: new Set(filter.states),
    };
    this.#servicesOfPods = filter.services.length > 0 ? servicesOfPods(city) : new Map();
  }

  edge(edge: Edge): boolean {
    const { errors, minRate } = this.#filter;
    const city = this.#city;
    if (edge.openedPerSecond < minRate) return false;
    if (errors && edge.refusedPerSecond === 0 && edge.unanswered === 0 && edge.waiting === 0) return false;
    if (!this.#within('protocols', isDirect(edge) ? [] : [protocolOf(edge)])) return false;
    if (!this.#within('services', isDirect(edge) ? [] : [edge.service])) return false;
    const client = edge.client.kind === 'pod' ? city.pod.get(podUidOf(edge)) : undefined;
    const into = city.pod.get(podOfBackend(city, edge) ?? '');
    const service = isDirect(edge) ? undefined : namespaceOf(edge.service);
    if (!this.#within('namespaces', [client?.namespace, into?.namespace, service])) return false;
    const nodes = [nodeOfClient(city, edge), nodeOfBackend(city, edge)];
    if (!this.#within('nodes', nodes)) return false;
    if (
      !this.#within(
        'zones',
        nodes.map((name) => city.node.get(name ?? '')?.zone),
      )
    )
      return false;
    return this.#within('states', this.#statesOf(edge));
  }

  service(id: string): boolean {
    if (!this.#within('services', [id]) || !this.#within('namespaces', [namespaceOf(id)])) return false;
    return this.#lists.nodes.size === 0 && this.#lists.zones.size === 0;
  }

  pod(uid: string): boolean {
    const pod = this.#city.pod.get(uid);
    return (
      this.#within('namespaces', [pod?.namespace]) &&
      this.#within('nodes', [pod?.node]) &&
      this.#within('zones', [this.#city.node.get(pod?.node ?? '')?.zone]) &&
      this.#within('services', this.#servicesOfPods.get(uid) ?? [])
    );
  }

  node(name: string): boolean {
    const { namespaces, services } = this.#lists;
    const place = this.#within('nodes', [name]) && this.#within('zones', [this.#city.node.get(name)?.zone]);
    return place && namespaces.size === 0 && services.size === 0;
  }

  #statesOf(edge: Edge): (string | undefined)[] {
    const backend = this.#city.backend.get(edge.backend);
    return [edge.stale ? 'stale' : undefined, backend && signOfBackend(backend)];
  }

  #within(list: (typeof LISTS)[number], found: readonly (string | undefined)[]): boolean {
    const wanted = this.#lists[list];
    return wanted.size === 0 || found.some((value) => value !== undefined && wanted.has(value));
  }
}

function servicesOfPods(city: City): ReadonlyMap<string, readonly string[]> {
  const services = new Map<string, string[]>();
  for (const { podUid, service } of city.backend.values()) {
    if (podUid === undefined) continue;
    const own = services.get(podUid);
    if (own) own.push(service);
    else services.set(podUid, [service]);
  }
  return services;
}

function touchedBy(city: City, edges: Iterable<Edge>) {
  const [services, pods, nodes] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const edge of edges) {
    if (!isDirect(edge)) services.add(edge.service);
    if (edge.client.kind === 'pod') pods.add(podUidOf(edge));
    const into = podOfBackend(city, edge);
    if (into !== undefined) pods.add(into);
    for (const node of [nodeOfClient(city, edge), nodeOfBackend(city, edge)]) if (node !== undefined) nodes.add(node);
  }
  return { services, pods, nodes };
}
