import type { AgentHello, CityRecord, EdgeFrame, IsolationReport, RoutesReport, RulesReport } from '@kubecity/protocol';
import {
  type KubeEndpointSlice,
  type KubeNode,
  type KubePod,
  type KubeRoutingOverride,
  type KubeService,
  type Problem,
  type RoutingTable,
  RoutingTracker,
  type ServicePortId,
} from '@kubecity/routing';
import { AgentRoster } from './agent-roster.ts';
import { type CityObjects, idOf, isOverride, type ObjectKind, overrideKind } from './city-objects.ts';
import { EventBook } from './event-book.ts';
import type { EventsState } from './event-watch.ts';
import { HintBook } from './hint-book.ts';
import { Isolation } from './isolation/isolation.ts';
import { backendRecords, nodeRecord, podRecord, serviceRecord } from './object-records.ts';
import { OverrideBook } from './override-book.ts';
import { PendingWishes } from './pending-wishes.ts';
import { type ChangedKeys, RecordStore } from './record-store.ts';
import { TICK_MILLISECONDS, Timeline } from './timeline.ts';
import type { FrameOutcome } from './traffic/agent-ledger.ts';
import { edgeNamer } from './traffic/edge-table.ts';
import { Traffic } from './traffic/traffic.ts';
import { VERSION } from './version.ts';

/** An override came, changed or went; told at once, with Unix ms at which it happened as far as is known. */
export type FollowOverride = (
  before: KubeRoutingOverride | undefined,
  after: KubeRoutingOverride | undefined,
  at: number,
) => void;

/** After the start agents take so long to come back; until then a silent one says nothing. */
const SETTLE_MILLISECONDS = 10_000;
/** Overrides that this hub deleted, whose watch may still bring older news. */
const MOST_GONE = 1000;
/** So many nodes tell their figures with each refresh. */
const NODES_PER_ROUND = 20;
const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/**
 * The city: objects of the cluster and reports of the agents in, records out. No clock, no socket: `now` is Unix
 * milliseconds of the hub. Events only record; `refresh` brings all records up to date and says which changed.
 */
export class CityModel {
  readonly store = new RecordStore();
  readonly roster = new AgentRoster();
  readonly traffic = new Traffic(edgeNamer((uid) => this.#podsByUid.get(uid)?.spec?.nodeName));
  readonly events = new EventBook(this.store);
  readonly isolation = new Isolation(this.store);
  readonly #timeline = new Timeline(this.store);
  readonly #objects: { readonly [K in ObjectKind]: Map<string, CityObjects[K]> } = {
    namespaces: new Map(),
    nodes: new Map(),
    pods: new Map(),
    services: new Map(),
    endpointSlices: new Map(),
    routingOverrides: new Map(),
    clusterRoutingOverrides: new Map(),
  };
  readonly #tracker = new RoutingTracker();
  readonly #hints = new HintBook();
  readonly #podsByUid = new Map<string, KubePod>();
  #table: RoutingTable = { servicePorts: new Map(), outcomes: [], problems: [] };
  #round = 0;
  /** Unix ms of the first refresh. */
  #begunAt: number | undefined;
  readonly #book = new OverrideBook();
  readonly #wishes = new PendingWishes();
  readonly #goneUids = new Set<string>();
  /** Who deletes an override at this moment: the object itself cannot say. */
  #deletedBy: string | undefined;
  #follow: FollowOverride = () => {};

  constructor(clusterName: string) {
    this.store.set('cluster', 'cluster', {
      name: clusterName,
      version: VERSION,
      apiState: 'reconnecting',
      events: { state: 'reading' },
    });
  }

  setApiState(apiState: 'live' | 'reconnecting'): void {
    this.#setCluster({ apiState });
  }

  setEventsState(events: EventsState): void {
    this.#setCluster({ events });
  }

  #setCluster(change: Partial<CityRecord<'cluster'>>): void {
    const before = this.store.get('cluster', 'cluster') as CityRecord<'cluster'>;
    this.store.set('cluster', 'cluster', { ...before, ...change });
  }

  /** Routes as of the last `refresh`. */
  get table(): RoutingTable {
    return this.#table;
  }

  /** Namespaced ones and those of the whole cluster. */
  get overrides(): KubeRoutingOverride[] {
    return [...this.#objects.routingOverrides.values(), ...this.#objects.clusterRoutingOverrides.values()];
  }

  overrideOf({ namespace, name }: { namespace?: string; name: string }): KubeRoutingOverride | undefined {
    return namespace
      ? this.#objects.routingOverrides.get(`${namespace}/${name}`)
      : this.#objects.clusterRoutingOverrides.get(name);
  }

  /** One listener hears of every override. */
  follow(listener: FollowOverride): void {
    this.#follow = listener;
  }

  objects<K extends ObjectKind>(kind: K): ReadonlyMap<string, CityObjects[K]> {
    return this.#objects[kind];
  }

  setObject<K extends ObjectKind>(kind: K, object: CityObjects[K], now: number): void {
    const id = idOf(object.metadata);
    const before = this.#objects[kind].get(id);
    if (isOverride(kind) && this.#isOldNews(object, before)) return;
    this.#objects[kind].set(id, object);
    this.#record(kind, object, before, now);
  }

  /** What this hub wrote itself it knows before its watch does. */
  #isOldNews({ metadata }: KubeRoutingOverride, before: KubeRoutingOverride | undefined): boolean {
    const { uid = '', generation = 1 } = metadata;
    return this.#goneUids.has(uid) || (before?.metadata.uid === uid && (before.metadata.generation ?? 1) > generation);
  }

  /** An override was deleted by this hub: what its watch still brings of it is old. */
  dropOverride(object: KubeRoutingOverride, now: number, by: string): void {
    this.#deletedBy = by;
    this.deleteObject(overrideKind(object.metadata), object, now);
    this.#deletedBy = undefined;
    this.#goneUids.add(object.metadata.uid ?? '');
    const [oldest] = this.#goneUids;
    if (this.#goneUids.size > MOST_GONE && oldest !== undefined) this.#goneUids.delete(oldest);
  }

  /** An override was written by this hub. */
  putOverride(object: KubeRoutingOverride, now: number): void {
    this.setObject(overrideKind(object.metadata), object, now);
  }

  #record(kind: ObjectKind, object: CityObjects[ObjectKind], before: CityObjects[ObjectKind] | undefined, now: number) {
    if (kind === 'namespaces') {
      this.#tracker.setNamespace(object);
      this.store.set('namespace', object.metadata.name, { name: object.metadata.name });
    } else if (kind === 'services') this.#tracker.setService(object as KubeService);
    else if (kind === 'endpointSlices') {
      this.#tracker.setEndpointSlice(object as KubeEndpointSlice);
      this.#hints.set(object as KubeEndpointSlice);
    } else if (kind === 'pods') this.#setPod(object as KubePod, before as KubePod | undefined);
    else if (kind === 'nodes') this.isolation.setNode(object as KubeNode, before as KubeNode | undefined);
    else if (isOverride(kind)) {
      this.#tracker.setOverride(object);
      this.#overrideChanged(before, object, now);
    }
  }

  #overrideChanged(before: KubeRoutingOverride | undefined, after: KubeRoutingOverride | undefined, now: number): void {
    this.#timeline.changed(before, after, now, this.#deletedBy);
    this.#follow(before, after, now);
  }

  #setPod(pod: KubePod, before: KubePod | undefined): void {
    if (before?.metadata.uid !== pod.metadata.uid) this.#forgetPod(before);
    this.#tracker.setPod(pod);
    this.isolation.setPod(pod, before);
    const uid = pod.metadata.uid ?? '';
    this.#podsByUid.set(uid, pod);
    this.store.set('pod', uid, podRecord(pod, this.isolation.gatesOf(pod)));
  }

  #forgetPod(pod: KubePod | undefined): void {
    const uid = pod?.metadata.uid ?? '';
    this.#podsByUid.delete(uid);
    this.store.delete('pod', uid);
  }

  deleteObject<K extends ObjectKind>(kind: K, object: CityObjects[K], now: number): void {
    const id = idOf(object.metadata);
    const before = this.#objects[kind].get(id);
    if (isOverride(kind)) this.#goneUids.delete(object.metadata.uid ?? '');
    if (!before || !this.#objects[kind].delete(id)) return;
    const { name } = object.metadata;
    if (kind === 'namespaces') {
      this.#tracker.deleteNamespace(object);
      this.store.delete('namespace', name);
    } else if (kind === 'services') this.#tracker.deleteService(object);
    else if (kind === 'endpointSlices') {
      this.#tracker.deleteEndpointSlice(object);
      this.#hints.delete(object);
    } else if (kind === 'nodes') {
      this.roster.forgetNode(name);
      this.traffic.forgetNode(name);
      this.isolation.deleteNode(before as KubeNode);
    } else if (kind === 'pods') {
      this.#tracker.deletePod(object);
      this.isolation.deletePod(before as KubePod);
      this.#forgetPod(before as KubePod);
    } else {
      this.#tracker.deleteOverride(object);
      this.#overrideChanged(before, undefined, now);
    }
  }

  agentConnected({ node, epoch, version }: AgentHello): void {
    this.roster.connected(node, version);
    this.traffic.connected(node, epoch);
    this.isolation.connected(node, epoch);
  }

  agentDisconnected(node: string): void {
    this.roster.disconnected(node);
  }

  takeRules(node: string, report: RulesReport, now: number): void {
    this.roster.heardRules(node, now, report);
    this.#book.heard(node, report.acknowledged);
  }

  takeIsolation(node: string, report: IsolationReport, now: number): void {
    this.roster.heardIsolation(node, now, report);
    this.isolation.takeReport(node, report);
  }

  takeRoutes(node: string, report: RoutesReport, now: number): void {
    this.roster.heardRoutes(node, now, report);
  }

  takeEdges(node: string, frame: EdgeFrame, now: number): FrameOutcome {
    this.roster.heardEdges(node, now, frame);
    return this.traffic.take(node, frame, now);
  }

  /** Brings the records up to date and returns the keys of those that changed since the last call. */
  refresh(now: number): ChangedKeys {
    this.#begunAt ??= now;
    this.refreshRoutes(now);
    const isLive = (node: string) => this.roster.stateOf(node, now) === 'live';
    this.traffic.show(now, (node) => !isLive(node));
    this.#refreshNodes(now);
    this.#refreshGates();
    this.isolation.refresh(now);
    this.#refreshLoads();
    this.#refreshOverrides(isLive, now);
    for (const port of this.#wishes.take((uid) => this.#isHeld(uid, isLive)))
      this.traffic.backends.wishHolds(port, now);
    // a point made while nobody is heard would show a quiet city, not an unseen one
    if (this.#timeline.isDue(now) && this.roster.countBy('live', now) > 0) {
      const tick = this.traffic.tick(now, TICK_MILLISECONDS / 1000);
      if (tick) this.#timeline.tick(tick);
    }
    this.#timeline.forget(now);
    this.events.refresh(now);
    return this.store.take();
  }

  /** The part of `refresh` that steering needs at once: routes, Services and backends. */
  refreshRoutes(now: number): void {
    const before = this.#table;
    this.#tracker.setTime(now);
    const stirred = this.#tracker.dirty;
    const { table, changed } = this.#tracker.take();
    this.#table = table;
    for (const portId of new Set([...changed, ...this.#hintedAnew(table)])) {
      const records = this.#backendRecordsOf(table, portId);
      const old = this.#backendRecordsOf(before, portId);
      for (const id of old.keys()) if (!records.has(id)) this.store.delete('backend', id);
      for (const [id, record] of records) this.store.set('backend', id, record);
      const { key } = table.servicePorts.get(portId) ?? {};
      if (key !== undefined && this.#wishes.changed(key, old, records)) this.traffic.backends.wishChanged(key);
    }
    if (changed.size > 0) {
      this.#book.routed(table);
      this.isolation.routed();
    }
    if (stirred) this.#refreshServices();
  }

  #hintedAnew({ servicePorts }: RoutingTable): ServicePortId[] {
    const services = this.#hints.take();
    if (services.size === 0) return [];
    return [...servicePorts.values()]
      .filter(({ namespace, name }) => services.has(`${namespace}/${name}`))
      .map(({ id }) => id);
  }

  #backendRecordsOf(table: RoutingTable, id: ServicePortId): Map<string, CityRecord<'backend'>> {
    const port = table.servicePorts.get(id);
    if (!port) return new Map();
    return backendRecords(port, (address) => this.#hints.of(`${port.namespace}/${port.name}`, address));
  }

  #refreshServices(): void {
    const problems = new Map<string, Problem[]>();
    for (const problem of this.#table.problems) {
      const service = this.#serviceOf(problem);
      if (service !== undefined) problems.set(service, [...(problems.get(service) ?? []), problem]);
    }
    const records = new Map<string, CityRecord<'service'>>();
    for (const [id, service] of this.#objects.services) records.set(id, serviceRecord(service, problems.get(id) ?? []));
    this.store.replaceAll('service', records);
  }

  #serviceOf({ kind, namespace, name }: Problem): string | undefined {
    if (kind === 'Service') return `${namespace}/${name}`;
    if (kind !== 'EndpointSlice') return undefined; // an override says so in its own record
    const slice = this.#objects.endpointSlices.get(`${namespace}/${name}`);
    return `${namespace}/${slice?.metadata.labels?.[SERVICE_NAME_LABEL]}`;
  }

  /** Times and figures of a node change with each of its frames: in a large cluster the nodes take turns to tell them. */
  #refreshNodes(now: number): void {
    this.#round += 1;
    const turns = Math.ceil(this.#objects.nodes.size / NODES_PER_ROUND);
    const records = new Map<string, CityRecord<'node'>>();
    let place = 0;
    for (const [name, node] of this.#objects.nodes) {
      const agent = this.roster.describe(name, now, this.traffic.tableOf(name));
      const before = this.store.get('node', name)?.agent;
      const waits = (place++ + this.#round) % turns !== 0 && before?.state === agent.state;
      const { lastFrameAt, conntrack } = waits ? before : agent;
      records.set(name, nodeRecord(node, { ...agent, lastFrameAt, conntrack }));
    }
    this.store.replaceAll('node', records);
  }

  #refreshLoads(): void {
    const { backends } = this.traffic;
    for (const [id] of this.store.all('load')) {
      if (!backends.counts(id) && !this.store.get('backend', id)) this.store.delete('load', id);
    }
    const known = this.store.ids('backend');
    const isMade = (id: string) => this.store.get('load', id) !== undefined;
    for (const [id, record] of backends.records(known, isMade)) this.store.set('load', id, record);
  }

  /** Pods of nodes that said something new about them. */
  #refreshGates(): void {
    const nodes = this.isolation.takeTouched();
    if (nodes.size === 0) return;
    for (const [uid, pod] of this.#podsByUid) {
      if (nodes.has(pod.spec?.nodeName ?? '')) this.store.set('pod', uid, podRecord(pod, this.isolation.gatesOf(pod)));
    }
  }

  #refreshOverrides(isLive: (node: string) => boolean, now: number): void {
    const records = this.#book.records(this.#table, (outcome) => this.overrideOf(outcome), {
      now,
      nodes: [...this.#objects.nodes.keys()].sort(),
      isLive,
      observes: (node) => this.roster.observes(node),
      acknowledgementOf: (node, uid) => this.roster.acknowledgementOf(node, uid),
      hasCountedSince: (node, uid) => this.roster.hasCountedSince(node, uid),
      openOf: (backend) => this.traffic.backends.openOf(backend),
      settling: !this.settled(now),
    });
    this.store.replaceAll('override', records);
  }

  /** By every node that is heard and steers: of the others there are no figures either, or nothing is wished of them. */
  #isHeld(uid: string, isLive: (node: string) => boolean): boolean {
    const record = this.store.get('override', uid);
    if (record) return !record.nodes.waitingFor.some(isLive);
    const heard = [...this.#objects.nodes.keys()].filter((node) => isLive(node) && !this.roster.observes(node));
    return heard.every((node) => this.roster.isRidOf(node, uid));
  }

  /** Nodes that are silent, not in sync, or still tell of an override; undefined while there is no node at all. */
  notRidOf(uid: string, now: number): string[] | undefined {
    const nodes = [...this.#objects.nodes.keys()];
    if (nodes.length === 0) return undefined;
    return nodes.filter((node) => this.roster.stateOf(node, now) !== 'live' || !this.roster.isRidOf(node, uid));
  }

  silentNodes(now: number): string[] {
    return [...this.#objects.nodes.keys()].filter((node) => this.roster.stateOf(node, now) !== 'live').sort();
  }

  /** Whether the agents have had their time to come back after this hub began: only then silence says something. */
  settled(now: number): boolean {
    if (this.#begunAt === undefined) return false;
    const age = now - this.#begunAt;
    if (age < 0 || age >= SETTLE_MILLISECONDS) return true;
    return this.silentNodes(now).length === 0;
  }
}
