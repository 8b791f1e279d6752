import type { NodeIdentity } from './endpoints.ts';
import { NamePool } from './name-pool.ts';
import { NamespaceFloors } from './namespace-floors.ts';
import type { KubeEndpointSlice, KubePod, KubeRoutingOverride, KubeService, ObjectMeta } from './objects.ts';
import { OverrideBook, type Reach } from './override-book.ts';
import { PodBook } from './pod-book.ts';
import type { Wish } from './precedence.ts';
import { samePort } from './same-port.ts';
import { type ParsedService, parseService } from './service.ts';
import { routeService, type ServiceRoutes } from './service-routes.ts';
import { type Endpoint, type ParsedSlice, parseSlice } from './slice.ts';
import type { RoutingTable, ServicePort, ServicePortId } from './table.ts';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
/** Slices of headless Services: nobody routes to them (kube-proxy leaves them out of its watch). */
const HEADLESS_LABEL = 'service.kubernetes.io/headless';

/** What is known of one Service, and which service ports followed from it at the last `take`. */
interface Entry {
  readonly namespace: string;
  service: ParsedService | undefined;
  readonly slices: Map<string, ParsedSlice>;
  ids: readonly ServicePortId[];
}

/** What is to be said about one Service. */
type Remarks = Pick<ServiceRoutes, 'findings' | 'problems'>;

export interface RoutingChange {
  readonly table: RoutingTable;
  /** Service ports whose routes differ from the last `take`: new, changed or gone. */
  readonly changed: ReadonlySet<ServicePortId>;
}

/**
 * Folds API events and hands over once: `set…`/`delete…` only read what the object says, `take` recomputes the Services
 * that were touched. A change that was undone before `take` leaves nothing in `changed`, and an unchanged service port
 * keeps its identity, so that readers may compare by reference.
 */
export class RoutingTracker {
  #node: NodeIdentity | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Set<string>();
  readonly #overrides = new OverrideBook();
  /** Overrides about no one Service that came or changed: whom they name is looked up at the next `take`. */
  readonly #arrived = new Set<string>();
  /** What is said of overrides differs, though perhaps no Service does. */
  #unsaid = false;
  readonly #pods = new PodBook();
  /** Names of pods whose labels changed, by namespace, while overrides choose by labels. */
  readonly #movedPods = new Map<string, Set<string>>();
  readonly #floors = new NamespaceFloors();
  /** Where a slice was last seen, since its Service may change under it. */
  readonly #sliceHome = new Map<string, string>();
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

  /** It is so late now (Unix ms, 0 until told): ramps and expiries that are due by then are carried out. */
  setTime(now: number): void {
    this.#felt(this.#overrides.setTime(now));
  }

  /** When something changes by time alone, Unix ms; `setTime` then. */
  get nextAt(): number | undefined {
    return this.#overrides.nextAt;
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
    this.#leaveSlice(id, parsed && home);
    if (parsed && home !== undefined) this.#touch(home).slices.set(id, parsed);
  }

  deleteEndpointSlice(slice: { readonly metadata: ObjectMeta }): void {
    this.#leaveSlice(idOf(slice.metadata), undefined);
  }

  /** One without a namespace is a ClusterRoutingOverride. */
  setOverride(override: KubeRoutingOverride): void {
    this.#felt(this.#overrides.set(override) ?? []);
  }

  deleteOverride(override: { readonly metadata: ObjectMeta }): void {
    this.#felt(this.#overrides.delete(override.metadata) ?? []);
  }

  /** Only its floor counts, for Services that have none of their own. */
  setNamespace({ metadata }: { readonly metadata: ObjectMeta }): void {
    if (this.#floors.set(metadata)) this.#touchAllOf(metadata.name);
  }

  deleteNamespace({ metadata }: { readonly metadata: ObjectMeta }): void {
    if (this.#floors.delete(metadata.name)) this.#touchAllOf(metadata.name);
  }

  setPod(pod: KubePod): void {
    if (this.#pods.set(pod)) this.#movePod(pod.metadata);
  }

  deletePod({ metadata }: { readonly metadata: ObjectMeta }): void {
    if (this.#pods.delete(metadata)) this.#movePod(metadata);
  }

  /** Something was touched since the last `take`; it may still turn out to change nothing. */
  get dirty(): boolean {
    return this.#dirty.size + this.#arrived.size + this.#movedPods.size > 0 || this.#unsaid;
  }

  /** Recomputes what was touched since the last call and says which service ports differ. */
  take(): RoutingChange {
    this.#settle();
    const changes = new Map<ServicePortId, ServicePort | undefined>();
    for (const id of this.#dirty) {
      const entry = this.#entries.get(id);
      if (entry) this.#refresh(id, entry, changes);
    }
    this.#dirty.clear();
    this.#unsaid = false;
    if (changes.size > 0) this.#ports = withChanges(this.#ports, changes);
    const remarks = [...this.#remarks.values()];
    return {
      table: {
        servicePorts: this.#ports,
        outcomes: this.#overrides.outcomes(remarks.flatMap(({ findings }) => findings)),
        problems: [
          ...remarks.flatMap(({ problems }) => problems),
          ...this.#floors.problems,
          ...this.#overrides.problems,
        ],
      },
      changed: new Set(changes.keys()),
    };
  }

  /** Finds the Services that overrides about no one Service name, and those behind which a pod changed, in one pass. */
  #settle(): void {
    const arrived = [...this.#arrived].flatMap((id) => this.#overrides.wishOf(id) ?? []);
    if (arrived.length > 0 || this.#movedPods.size > 0) {
      for (const [id, entry] of this.#entries) {
        if (!this.#dirty.has(id) && this.#concerns(entry, arrived)) this.#dirty.add(id);
      }
    }
    this.#arrived.clear();
    this.#movedPods.clear();
  }

  #concerns({ namespace, slices }: Entry, arrived: readonly Wish[]): boolean {
    const pods = this.#movedPods.get(namespace);
    const about = arrived.filter(({ override }) => override.namespace === '' || override.namespace === namespace);
    if (!pods && about.length === 0) return false;
    const podOf = (endpoint: Endpoint) => this.#pods.behind(namespace, endpoint);
    const moved = (endpoint: Endpoint) =>
      pods?.has(endpoint.podName ?? '') || about.some(({ selection }) => selection.chooses(endpoint, podOf));
    return [...slices.values()].some(({ endpoints }) => endpoints.some(moved));
  }

  /** Notes in `changes` what differs from the last table; undefined = gone. */
  #refresh(id: string, entry: Entry, changes: Map<ServicePortId, ServicePort | undefined>): void {
    const { servicePorts, findings, problems } = this.#route(id, entry);
    const ids = servicePorts.map((port) => port.id);
    for (const old of entry.ids) if (!ids.includes(old)) changes.set(old, undefined);
    for (const port of servicePorts) {
      const before = this.#ports.get(port.id);
      if (!before || !samePort(before, port)) changes.set(port.id, port);
    }
    entry.ids = ids;
    if (findings.length + problems.length > 0) this.#remarks.set(id, { findings, problems });
    else this.#remarks.delete(id);
    if (!entry.service && entry.slices.size === 0) this.#entries.delete(id);
  }

  #route(id: string, { namespace, service, slices }: Entry): ServiceRoutes {
    if (!service) return NOTHING;
    const wishes = this.#overrides.wishesFor(id, namespace);
    const input = { service, slices: sorted(slices), wishes, floor: this.#floors.of(namespace) };
    return routeService(input, (endpoint) => this.#pods.behind(namespace, endpoint), this.#node);
  }

  #touch(id: string): Entry {
    let entry = this.#entries.get(id);
    if (!entry) {
      entry = { namespace: id.slice(0, id.indexOf('/')), service: undefined, slices: new Map(), ids: [] };
      this.#entries.set(id, entry);
    }
    this.#dirty.add(id);
    return entry;
  }

  #leaveSlice(id: string, to: string | undefined): void {
    const from = this.#sliceHome.get(id);
    if (from !== undefined && from !== to) this.#touch(from).slices.delete(id);
    if (to === undefined) this.#sliceHome.delete(id);
    else this.#sliceHome.set(id, to);
  }

  #felt(reaches: readonly Reach[]): void {
    for (const { id, service } of reaches) {
      this.#unsaid = true;
      if (service !== undefined) {
        this.#dirty.add(service);
        continue;
      }
      this.#arrived.add(id);
      for (const [home, { findings }] of this.#remarks) {
        if (findings.some(({ wish: { override } }) => `${override.namespace}/${override.name}` === id))
          this.#dirty.add(home);
      }
    }
  }

  #movePod({ namespace = '', name }: ObjectMeta): void {
    if (!this.#overrides.readsLabels) return;
    this.#movedPods.set(namespace, (this.#movedPods.get(namespace) ?? new Set()).add(name));
  }

  #touchAllOf(namespace: string): void {
    this.#unsaid = true;
    for (const [id, entry] of this.#entries) if (entry.namespace === namespace) this.#dirty.add(id);
  }
}

const NOTHING: ServiceRoutes = { servicePorts: [], findings: [], problems: [] };

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
