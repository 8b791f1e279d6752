import type { CityRecord } from '@kubecity/protocol';
import { z } from 'zod';
import type { City } from './city.ts';
import type { Edge } from './edges.ts';
import { kept } from './kept.ts';
import type { Refusal } from './refusals.ts';
import { homesOfPods, signOfBackend } from './services.ts';
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
  /** Only where connections are refused, by policies too, or stay without an answer. */
  readonly errors: boolean;
  /** Only where policies refuse: no traffic is shown, and the places of refused attempts are. */
  readonly barred: boolean;
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
  barred: false,
  minRate: 0,
};

/** What a filter left out: shown as words, so that what is visible and what is folded are all there is. */
export interface Folded {
  readonly services: number;
  readonly pods: number;
  readonly nodes: number;
  readonly traffic: Traffic;
  /** Attempts that policies refuse. */
  readonly refusals: number;
}

const LISTS = ['namespaces', 'nodes', 'zones', 'services', 'protocols', 'states'] as const;
/** Values of one list; an address has its bounds. */
const MOST = 200;
const name253 = z.string().min(1).max(253);

export const isFiltering = (filter: Filter): boolean =>
  LISTS.some((list) => filter[list].length > 0) || filter.errors || filter.barred || filter.minRate > 0;

/** How a filter stands in the address bar: one parameter per list, values separated by spaces (no name has one). */
export function filterToQuery(filter: Filter, query: URLSearchParams): void {
  for (const list of LISTS) if (filter[list].length > 0) query.set(list, filter[list].join(' '));
  if (filter.errors) query.set('errors', '');
  if (filter.barred) query.set('barred', '');
  if (filter.minRate > 0) query.set('minRate', String(filter.minRate));
}

/** What cannot be read is left out, and only that: an address may come from an older page or a hand. */
export function filterFromQuery(query: URLSearchParams): Filter {
  const list = (name: string) =>
    [...new Set((query.get(name) ?? '').split(' '))].filter((value) => name253.safeParse(value).success).slice(0, MOST);
  const rate = Number(query.get('minRate') ?? 0);
  return {
    namespaces: list('namespaces'),
    nodes: list('nodes'),
    zones: list('zones'),
    services: list('services'),
    protocols: list('protocols'),
    states: list('states').filter((state) => FILTER_STATES.includes(state as FilterState)) as FilterState[],
    errors: query.has('errors'),
    barred: query.has('barred'),
    minRate: Number.isFinite(rate) ? Math.min(1e9, Math.max(0, rate)) : 0,
  };
}

/**
 * The part of a city that passes. Every edge is either visible or in `folded.traffic`, every refused attempt visible or counted in
 * `folded.refusals`. Places are visible when visible
 * traffic touches them, or when they pass themselves and nothing is asked of their traffic; with them comes what they
 * cannot be drawn without: the backends of a Service as far as they stand in the places asked for, the Service at which a
 * pod has its home, and its node.
 * A filtered city passes its own filter whole. `before` is what passed in the frame before: its maps are kept while they
 * hold the same, so that nothing is derived from them anew.
 */
export function filterCity(
  city: City,
  filter: Filter,
  before?: City,
): { readonly city: City; readonly folded: Folded } {
  const test = new FilterTest(city, filter);
  const edge = new Map<string, Edge>();
  const hidden: Edge[] = [];
  for (const [id, one] of city.edge) {
    if (test.edge(one)) edge.set(id, one);
    else hidden.push(one);
  }
  const refusal = kept(new Map([...city.refusal].filter(([, one]) => test.refusal(one))), before?.refusal);
  const touched = touchedBy(city, edge.values(), refusal.values());
  const byTraffic = filter.errors || filter.barred || filter.minRate > 0 || filter.protocols.length > 0;
  const drawn = drawnWith(
    city,
    test,
    new Set([...city.service.keys()].filter((id) => touched.services.has(id) || (!byTraffic && test.service(id)))),
    new Set([...city.pod.keys()].filter((uid) => touched.pods.has(uid) || (!byTraffic && test.pod(uid)))),
  );
  const service = only(city.service, (id) => drawn.services.has(id));
  const pod = only(city.pod, (uid) => drawn.pods.has(uid));
  const backend = new Map(
    [...city.backend].filter(([id, one]) => {
      if (touched.backends.has(id)) return true;
      if (city.service.has(one.service) && !service.has(one.service)) return false;
      return one.podUid !== undefined && city.pod.has(one.podUid) ? pod.has(one.podUid) : test.stands(one);
    }),
  );
  const holding = new Set<string | undefined>([...pod.values(), ...backend.values()].map((one) => one.node));
  const node = only(
    city.node,
    (name) => touched.nodes.has(name) || holding.has(name) || (!byTraffic && test.node(name)),
  );
  const namespaces = new Set([...service.keys()].map(namespaceOf));
  for (const { namespace } of pod.values()) namespaces.add(namespace);
  return {
    city: {
      ...city,
      edge,
      refusal,
      service: kept(service, before?.service),
      pod: kept(pod, before?.pod),
      node: kept(node, before?.node),
      backend: kept(backend, before?.backend),
      namespace: kept(
        only(city.namespace, (name) => namespaces.has(name)),
        before?.namespace,
      ),
    },
    folded: {
      services: city.service.size - service.size,
      pods: city.pod.size - pod.size,
      nodes: city.node.size - node.size,
      traffic: sumOf(hidden),
      refusals: city.refusal.size - refusal.size,
    },
  };
}

const only = <T>(map: ReadonlyMap<string, T>, is: (id: string) => boolean): ReadonlyMap<string, T> =>
  new Map([...map].filter(([id]) => is(id)));

/**
 * With these Services and pods, those without which they would be drawn wrongly: the pods around a Service, and the Service
 * at which a pod has its home. A pod may stand around several, so this goes on until nothing comes along any more.
 */
function drawnWith(city: City, test: FilterTest, services: Set<string>, pods: Set<string>) {
  const homes = homesOfPods(city);
  for (let before = -1; before !== services.size + pods.size; ) {
    before = services.size + pods.size;
    for (const backend of city.backend.values()) {
      const { podUid, service } = backend;
      if (podUid === undefined) continue;
      if (pods.has(podUid) && homes.get(podUid) === service && city.service.has(service)) services.add(service);
      if (services.has(service) && city.pod.has(podUid) && test.stands(backend)) pods.add(podUid);
    }
  }
  return { services, pods };
}

const namespaceOf = (id: string): string => id.slice(0, id.indexOf('/'));

/** `http/TCP`: the end of a service port's key; of direct connections unknown. */
const protocolOf = ({ servicePort }: Edge): string => servicePort.slice(servicePort.lastIndexOf('/') + 1);

class FilterTest {
  readonly #city: City;
  readonly #filter: Filter;
  readonly #lists: Readonly<Record<(typeof LISTS)[number], ReadonlySet<string>>>;
  /** Services and pods with a backend that passes every list about backends. */
  readonly #backed = new Set<string>();

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
    for (const backend of city.backend.values()) {
      const { service } = backend;
      const named = this.#within('services', [service]) && this.#within('namespaces', [namespaceOf(service)]);
      if (!named || !this.#within('states', this.#statesOf(backend)) || !this.stands(backend)) continue;
      this.#backed.add(service);
      if (backend.podUid !== undefined) this.#backed.add(backend.podUid);
    }
  }

  edge(edge: Edge): boolean {
    const { errors, barred, minRate } = this.#filter;
    const city = this.#city;
    if (edge.openedPerSecond < minRate || barred) return false;
    if (errors && edge.refusedPerSecond === 0 && edge.unanswered === 0 && edge.waiting === 0) return false;
    // Of twenty thousand edges a second only what is asked for is looked up.
    const { namespaces, nodes, zones, services, protocols, states } = this.#lists;
    if (protocols.size > 0 && (isDirect(edge) || !protocols.has(protocolOf(edge)))) return false;
    if (services.size > 0 && (isDirect(edge) || !services.has(edge.service))) return false;
    if (namespaces.size > 0 && !this.#within('namespaces', this.#namespacesOf(edge))) return false;
    if (nodes.size + zones.size > 0) {
      const at = [nodeOfClient(city, edge), nodeOfBackend(city, edge)];
      const within = at.map((name) => this.#zoneOf(name));
      if (!this.#within('nodes', at) || !this.#within('zones', within)) return false;
    }
    if (states.size === 0) return true;
    const backend = city.backend.get(edge.backend);
    return this.#within('states', [edge.stale ? 'stale' : undefined, ...(backend ? this.#statesOf(backend) : [])]);
  }

  /** An attempt is no connection: it has no rate and no backend's state. */
  refusal(refusal: Refusal): boolean {
    const { namespaces, services, protocols, states } = this.#lists;
    const { client, podUid, service, protocol, node } = refusal;
    if (this.#filter.minRate > 0 || states.size > 0) return false;
    if (protocols.size > 0 && !protocols.has(protocol)) return false;
    if (services.size > 0 && !this.#within('services', [service])) return false;
    const from = client.kind === 'pod' ? this.#city.pod.get(client.id.slice('pod:'.length)) : undefined;
    const to = this.#city.pod.get(podUid ?? '');
    const named = [from?.namespace, to?.namespace, service && namespaceOf(service)];
    if (namespaces.size > 0 && !this.#within('namespaces', named)) return false;
    const at = [client.kind === 'outside' ? undefined : client.node, to?.node, node];
    return (
      this.#within('nodes', at) &&
      this.#within(
        'zones',
        at.map((name) => this.#zoneOf(name)),
      )
    );
  }

  #namespacesOf(edge: Edge): (string | undefined)[] {
    const client = edge.client.kind === 'pod' ? this.#city.pod.get(podUidOf(edge)) : undefined;
    const into = this.#city.pod.get(podOfBackend(this.#city, edge) ?? '');
    return [client?.namespace, into?.namespace, isDirect(edge) ? undefined : namespaceOf(edge.service)];
  }

  service(id: string): boolean {
    if (!this.#within('services', [id]) || !this.#within('namespaces', [namespaceOf(id)])) return false;
    const { nodes, zones, states } = this.#lists;
    return nodes.size + zones.size + states.size === 0 || this.#backed.has(id);
  }

  pod(uid: string): boolean {
    const pod = this.#city.pod.get(uid);
    if (!this.#within('namespaces', [pod?.namespace]) || !this.#at(pod?.node)) return false;
    const { services, states } = this.#lists;
    return services.size + states.size === 0 || this.#backed.has(uid);
  }

  node(name: string): boolean {
    const { namespaces, services, states } = this.#lists;
    if (!this.#at(name) || namespaces.size + services.size > 0) return false;
    return states.size === 0 || (states.has('stale') && this.#silent(name));
  }

  /** In the nodes and zones asked for. */
  stands({ podUid, node }: Pick<CityRecord<'backend'>, 'podUid' | 'node'>): boolean {
    return this.#at(this.#city.pod.get(podUid ?? '')?.node ?? node);
  }

  #at(node: string | undefined): boolean {
    return this.#within('nodes', [node]) && this.#within('zones', [this.#zoneOf(node)]);
  }

  #zoneOf(node: string | undefined): string | undefined {
    return this.#city.node.get(node ?? '')?.zone;
  }

  #silent(node: string | undefined): boolean {
    return this.#city.node.get(node ?? '')?.agent.state === 'stale';
  }

  #statesOf(backend: CityRecord<'backend'>): (string | undefined)[] {
    return [signOfBackend(backend), this.#silent(backend.node) ? 'stale' : undefined];
  }

  #within(list: (typeof LISTS)[number], found: readonly (string | undefined)[]): boolean {
    const wanted = this.#lists[list];
    return wanted.size === 0 || found.some((value) => value !== undefined && wanted.has(value));
  }
}

function touchedBy(city: City, edges: Iterable<Edge>, refusals: Iterable<Refusal>) {
  const [services, pods, nodes] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const backends = new Set<string>();
  for (const edge of edges) {
    if (!isDirect(edge)) services.add(edge.service);
    backends.add(edge.backend);
    if (edge.client.kind === 'pod') pods.add(podUidOf(edge));
    const into = podOfBackend(city, edge);
    if (into !== undefined) pods.add(into);
    for (const node of [nodeOfClient(city, edge), nodeOfBackend(city, edge)]) if (node !== undefined) nodes.add(node);
  }
  for (const { client, podUid, service, node } of refusals) {
    nodes.add(node);
    if (service !== undefined) services.add(service);
    if (client.kind === 'pod') pods.add(client.id.slice('pod:'.length));
    if (podUid !== undefined) pods.add(podUid);
  }
  return { services, pods, nodes, backends };
}
