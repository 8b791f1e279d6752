import type { Endpoint } from './endpoints.ts';
import { isDeepEqual } from './equal.ts';
import type { KubeEndpointSlice, KubePod, KubeRoutingOverride, KubeService, ObjectMeta } from './objects.ts';
import { routeService, type ServiceRoutes } from './service-routes.ts';
import type { RoutingTable, ServicePort, ServicePortKey } from './table.ts';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
/** Slices of headless Services: nobody routes to them (kube-proxy leaves them out of its watch). */
const HEADLESS_LABEL = 'service.kubernetes.io/headless';

interface Entry {
  service: KubeService | undefined;
  readonly slices: Map<string, KubeEndpointSlice>;
  readonly overrides: Map<string, KubeRoutingOverride>;
  routes: ServiceRoutes | undefined;
}

export interface RoutingChange {
  readonly table: RoutingTable;
  /** Service ports whose routes differ from the last `take`: new, changed or gone. */
  readonly changed: ReadonlySet<ServicePortKey>;
}

/**
 * Folds API events and hands over once: `set…`/`delete…` only record, `take` recomputes the Services that were touched.
 * A change that was undone before `take` leaves nothing in `changed`, and an unchanged service port keeps its identity,
 * so that readers may compare by reference.
 */
export class RoutingTracker {
  readonly #node: string | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Set<string>();
  readonly #pods = new Map<string, KubePod>();
  /** Where a slice or override was last seen, since its Service may change under it. */
  readonly #sliceHome = new Map<string, string>();
  readonly #overrideHome = new Map<string, string>();
  #ports = new Map<ServicePortKey, ServicePort>();

  constructor(node?: string) {
    this.#node = node;
  }

  setService(service: KubeService): void {
    this.#touch(idOf(service.metadata)).service = service;
  }

  deleteService(service: { readonly metadata: ObjectMeta }): void {
    this.#touch(idOf(service.metadata)).service = undefined;
  }

  setEndpointSlice(slice: KubeEndpointSlice): void {
    const labels = slice.metadata.labels ?? {};
    const owner = labels[HEADLESS_LABEL] === undefined ? labels[SERVICE_NAME_LABEL] : undefined;
    const id = idOf(slice.metadata);
    const home = owner === undefined ? undefined : `${slice.metadata.namespace ?? ''}/${owner}`;
    this.#leave(this.#sliceHome, id, home, 'slices');
    if (home !== undefined) this.#touch(home).slices.set(id, slice);
  }

  deleteEndpointSlice(slice: { readonly metadata: ObjectMeta }): void {
    this.#leave(this.#sliceHome, idOf(slice.metadata), undefined, 'slices');
  }

  setOverride(override: KubeRoutingOverride): void {
    const id = idOf(override.metadata);
    const service = (override.spec as { service?: unknown } | undefined)?.service;
    // An override that names no Service at all still needs a home, so that its fault is reported.
    const home = `${override.metadata.namespace ?? ''}/${typeof service === 'string' ? service : ''}`;
    this.#leave(this.#overrideHome, id, home, 'overrides');
    this.#touch(home).overrides.set(id, override);
  }

  deleteOverride(override: { readonly metadata: ObjectMeta }): void {
    this.#leave(this.#overrideHome, idOf(override.metadata), undefined, 'overrides');
  }

  setPod(pod: KubePod): void {
    const id = idOf(pod.metadata);
    const before = this.#pods.get(id);
    this.#pods.set(id, pod);
    if (!isDeepEqual(before?.metadata.labels, pod.metadata.labels)) this.#touchReadersOf(pod);
  }

  deletePod(pod: { readonly metadata: ObjectMeta }): void {
    if (this.#pods.delete(idOf(pod.metadata))) this.#touchReadersOf(pod);
  }

  /** Recomputes what was touched since the last call and says which service ports differ. */
  take(): RoutingChange {
    const changed = new Set<ServicePortKey>();
    const ports = new Map(this.#ports);
    for (const id of this.#dirty) {
      const entry = this.#entries.get(id);
      if (!entry) continue;
      const before = entry.routes;
      entry.routes = routeService(
        { service: entry.service, slices: sorted(entry.slices), overrides: sorted(entry.overrides) },
        (endpoint) => this.#podOf(entry, endpoint),
        this.#node,
      );
      const now = new Map(entry.routes.servicePorts.map((port) => [port.key, port]));
      for (const old of before?.servicePorts ?? []) {
        if (!now.has(old.key) && ports.delete(old.key)) changed.add(old.key);
      }
      for (const [key, port] of now) {
        if (isDeepEqual(ports.get(key), port)) continue;
        ports.set(key, port);
        changed.add(key);
      }
      if (!entry.service && entry.slices.size === 0 && entry.overrides.size === 0) this.#entries.delete(id);
    }
    this.#dirty.clear();
    this.#ports = ports;
    return { table: this.#table(ports), changed };
  }

  #table(servicePorts: ReadonlyMap<ServicePortKey, ServicePort>): RoutingTable {
    const routes = [...this.#entries.values()].map((entry) => entry.routes);
    return {
      servicePorts,
      outcomes: routes.flatMap((route) => route?.outcomes ?? []),
      problems: routes.flatMap((route) => route?.problems ?? []),
    };
  }

  #podOf(entry: Entry, endpoint: Endpoint): KubePod | undefined {
    const pod = this.#pods.get(`${entry.service?.metadata.namespace ?? ''}/${endpoint.podName ?? ''}`);
    // A pod of the same name may be another one: labels of a successor say nothing about this endpoint.
    return pod?.metadata.uid === endpoint.podUid || endpoint.podUid === undefined ? pod : undefined;
  }

  #touch(id: string): Entry {
    let entry = this.#entries.get(id);
    if (!entry) {
      entry = { service: undefined, slices: new Map(), overrides: new Map(), routes: undefined };
      this.#entries.set(id, entry);
    }
    this.#dirty.add(id);
    return entry;
  }

  #leave(homes: Map<string, string>, id: string, to: string | undefined, kind: 'slices' | 'overrides'): void {
    const from = homes.get(id);
    if (from !== undefined && from !== to) this.#touch(from)[kind].delete(id);
    if (to === undefined) homes.delete(id);
    else homes.set(id, to);
  }

  /** Labels matter only to overrides, so only Services that have some and an endpoint of the pod are recomputed. */
  #touchReadersOf(pod: { readonly metadata: ObjectMeta }): void {
    for (const [id, entry] of this.#entries) {
      if (entry.overrides.size === 0 || !id.startsWith(`${pod.metadata.namespace ?? ''}/`)) continue;
      for (const slice of entry.slices.values()) {
        if (slice.endpoints?.some((endpoint) => endpoint.targetRef?.name === pod.metadata.name)) this.#dirty.add(id);
      }
    }
  }
}

function idOf(metadata: ObjectMeta): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** By name, so that the result does not depend on the order of arrival. */
function sorted<T>(objects: ReadonlyMap<string, T>): T[] {
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
