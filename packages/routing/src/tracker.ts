import type { NodeIdentity } from './endpoints.ts';
import { isDeepEqual } from './equal.ts';
import { NamePool } from './name-pool.ts';
import type { KubeEndpointSlice, KubePod, KubeRoutingOverride, KubeService, ObjectMeta } from './objects.ts';
import { samePort } from './same-port.ts';
import { type ParsedService, parseService } from './service.ts';
import { routeService, type ServiceRoutes } from './service-routes.ts';
import { type Endpoint, type ParsedSlice, parseSlice } from './slice.ts';
import type { RoutingTable, ServicePort, ServicePortId } from './table.ts';
import type { PodLabels } from './weights.ts';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
/** Slices of headless Services: nobody routes to them (kube-proxy leaves them out of its watch). */
const HEADLESS_LABEL = 'service.kubernetes.io/headless';

/** What is known of one Service, and which service ports followed from it at the last `take`. */
interface Entry {
  service: ParsedService | undefined;
  readonly slices: Map<string, ParsedSlice>;
  readonly overrides: Map<string, KubeRoutingOverride>;
  ids: readonly ServicePortId[];
}

/** What is to be said about one Service. */
type Remarks = Pick<ServiceRoutes, 'outcomes' | 'problems'>;

export interface RoutingChange {
  readonly table: RoutingTable;
  /** Service ports whose routes differ from the last `take`: new, changed or gone. */
  readonly changed: ReadonlySet<ServicePortId>;
}

/**
 * Folds API events and hands over once: `set…`/`delete…` only read what the object says, `take` recomputes the Services
 * that were touched. A change that was undone before `take` leaves nothing in `changed`, and an unchanged service port keeps its identity,
 * so that readers may compare by reference.
 */
export class RoutingTracker {
  #node: NodeIdentity | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Set<string>();
  /** Services that have overrides: the only readers of pods. */
  readonly #overridden = new Set<string>();
  readonly #pods = new Map<string, PodLabels>();
  /** Where a slice or override was last seen, since its Service may change under it. */
  readonly #sliceHome = new Map<string, string>();
  readonly #overrideHome = new Map<string, string>();
  readonly #names = new NamePool();
  /** Of Services about which there is something to say. */
  readonly #remarks = new Map<string, Remarks>();
  #ports: ReadonlyMap<ServicePortId, ServicePort> = new Map();
  #externalIPs = true;
  /** As the API says them, of Services with external IPs: whether these count may change. */
  readonly #withExternalIPs = new Map<string, KubeService>();

  /** @param node the reader's node; absent = nothing is local and nobody is hinted */
  constructor(node?: NodeIdentity) {
    this.#node = node;
  }

  /** Another zone (or name) may move any Service. */
  setNode(node: NodeIdentity): void {
    if (node.name === this.#node?.name && node.zone === this.#node.zone) return;
    this.#node = node;
    for (const id of this.#entries.keys()) this.#dirty.add(id);
  }

  /** Whether `spec.externalIPs` opens doors, as it does unless told otherwise. */
  allowExternalIPs(allowed: boolean): void {
    if (allowed === this.#externalIPs) return;
    this.#externalIPs = allowed;
    for (const service of this.#withExternalIPs.values()) this.setService(service);
  }

  setService(service: KubeService): void {
    const id = idOf(service.metadata);
    if (service.spec?.externalIPs?.length) this.#withExternalIPs.set(id, service);
    else this.#withExternalIPs.delete(id);
    this.#touch(id).service = parseService(service, this.#externalIPs);
  }

  deleteService(service: { readonly metadata: ObjectMeta }): void {
    const id = idOf(service.metadata);
    this.#withExternalIPs.delete(id);
    this.#touch(id).service = undefined;
  }

  setEndpointSlice(slice: KubeEndpointSlice): void {
    const labels = slice.metadata.labels ?? {};
    const owner = labels[HEADLESS_LABEL] === undefined ? labels[SERVICE_NAME_LABEL] : undefined;
    const id = idOf(slice.metadata);
    const home = owner === undefined ? undefined : `${slice.metadata.namespace ?? ''}/${owner}`;
    const parsed = home === undefined ? undefined : parseSlice(slice, this.#names);
    this.#leave(this.#sliceHome, id, parsed && home, 'slices');
    if (parsed && home !== undefined) this.#touch(home).slices.set(id, parsed);
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
    this.#overridden.add(home);
  }

  deleteOverride(override: { readonly metadata: ObjectMeta }): void {
    this.#leave(this.#overrideHome, idOf(override.metadata), undefined, 'overrides');
  }

  setPod({ metadata }: KubePod): void {
    const id = idOf(metadata);
    const before = this.#pods.get(id);
    this.#pods.set(id, { uid: metadata.uid, labels: metadata.labels });
    if (before?.uid === metadata.uid && isDeepEqual(before?.labels, metadata.labels)) return;
    this.#touchReadersOf(metadata);
  }

  deletePod({ metadata }: { readonly metadata: ObjectMeta }): void {
    if (this.#pods.delete(idOf(metadata))) this.#touchReadersOf(metadata);
  }

  /** Something was touched since the last `take`; it may still turn out to change nothing. */
  get dirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** Recomputes what was touched since the last call and says which service ports differ. */
  take(): RoutingChange {
    const changes = new Map<ServicePortId, ServicePort | undefined>();
    for (const id of this.#dirty) {
      const entry = this.#entries.get(id);
      if (entry) this.#refresh(id, entry, changes);
    }
    this.#dirty.clear();
    if (changes.size > 0) this.#ports = withChanges(this.#ports, changes);
    const remarks = [...this.#remarks.values()];
    return {
      table: {
        servicePorts: this.#ports,
        outcomes: remarks.flatMap(({ outcomes }) => outcomes),
        problems: remarks.flatMap(({ problems }) => problems),
      },
      changed: new Set(changes.keys()),
    };
  }

  /** Notes in `changes` what differs from the last table; undefined = gone. */
  #refresh(id: string, entry: Entry, changes: Map<ServicePortId, ServicePort | undefined>): void {
    const { servicePorts, outcomes, problems } = routeService(
      { service: entry.service, slices: sorted(entry.slices), overrides: sorted(entry.overrides) },
      (endpoint) => this.#podOf(id, endpoint),
      this.#node,
    );
    const ids = servicePorts.map((port) => port.id);
    for (const old of entry.ids) if (!ids.includes(old)) changes.set(old, undefined);
    for (const port of servicePorts) {
      const before = this.#ports.get(port.id);
      if (!before || !samePort(before, port)) changes.set(port.id, port);
    }
    entry.ids = ids;
    if (outcomes.length + problems.length > 0) this.#remarks.set(id, { outcomes, problems });
    else this.#remarks.delete(id);
    if (entry.overrides.size === 0) this.#overridden.delete(id);
    if (!entry.service && entry.slices.size === 0 && entry.overrides.size === 0) this.#entries.delete(id);
  }

  #podOf(serviceId: string, endpoint: Endpoint): PodLabels | undefined {
    const namespace = serviceId.slice(0, serviceId.indexOf('/'));
    const pod = this.#pods.get(`${namespace}/${endpoint.podName ?? ''}`);
    // A pod of the same name may be another one: labels of a successor say nothing about this endpoint.
    return pod?.uid === endpoint.podUid || endpoint.podUid === undefined ? pod : undefined;
  }

  #touch(id: string): Entry {
    let entry = this.#entries.get(id);
    if (!entry) {
      entry = { service: undefined, slices: new Map(), overrides: new Map(), ids: [] };
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
  #touchReadersOf({ namespace = '', name }: ObjectMeta): void {
    for (const id of this.#overridden) {
      if (!id.startsWith(`${namespace}/`)) continue;
      for (const slice of this.#entries.get(id)?.slices.values() ?? []) {
        if (slice.endpoints.some(({ podName }) => podName === name)) this.#dirty.add(id);
      }
    }
  }
}

function withChanges(
  ports: ReadonlyMap<ServicePortId, ServicePort>,
  changes: ReadonlyMap<ServicePortId, ServicePort | undefined>,
): ReadonlyMap<ServicePortId, ServicePort> {
  const changed = new Map(ports);
  for (const [id, port] of changes) {
    if (port) changed.set(id, port);
    else changed.delete(id);
  }
  return changed;
}

function idOf(metadata: ObjectMeta): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** By name, so that the result does not depend on the order of arrival. */
function sorted<T>(objects: ReadonlyMap<string, T>): T[] {
  if (objects.size < 2) return [...objects.values()];
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}
