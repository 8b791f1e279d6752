import {
  buildRoutingTable,
  type KubeEndpointSlice,
  type KubePod,
  type KubeRoutingOverride,
  type KubeService,
  type NodeIdentity,
  type ObjectMeta,
  type RoutingTable,
  type RoutingTracker,
} from '../src/index.ts';

export interface Objects {
  services: KubeService;
  slices: KubeEndpointSlice;
  overrides: KubeRoutingOverride;
  pods: KubePod;
  namespaces: { readonly metadata: ObjectMeta };
}
export type Kind = keyof Objects;

/** One thing that may happen: an object is there or gone, the reader's node moves, external IPs count or not, time passes. */
export type Event =
  | { [K in Kind]: { kind: K; object: Objects[K]; gone: boolean } }[Kind]
  | { kind: 'node'; node: NodeIdentity }
  | { kind: 'externalIPs'; allowed: boolean }
  | { kind: 'time'; now: number };

type Held = { readonly [K in Kind]: Map<string, Objects[K]> };

/** The objects of a cluster, told to a tracker as they change, so that a table can be built from nothing beside it. */
export class World {
  readonly held: Held = {
    services: new Map(),
    slices: new Map(),
    overrides: new Map(),
    pods: new Map(),
    namespaces: new Map(),
  };
  node: NodeIdentity | undefined;
  allowExternalIPs = true;
  now = 0;
  readonly #tracker: RoutingTracker;

  constructor(tracker: RoutingTracker, node: NodeIdentity | undefined) {
    this.#tracker = tracker;
    this.node = node;
  }

  apply(event: Event): void {
    if (event.kind === 'node') {
      this.node = event.node;
      this.#tracker.setNode(event.node);
      return;
    }
    if (event.kind === 'externalIPs') {
      this.allowExternalIPs = event.allowed;
      this.#tracker.allowExternalIPs(event.allowed);
      return;
    }
    if (event.kind === 'time') {
      this.now = event.now;
      this.#tracker.setTime(event.now);
      return;
    }
    const id = idOf(event.object);
    const held = this.held[event.kind] as Map<string, Objects[Kind]>;
    if (event.gone) held.delete(id);
    else held.set(id, event.object);
    this.#tell(event);
  }

  /** Events that bring back what `events` would change, as it is now. */
  undoing(events: readonly Event[]): Event[] {
    const undo: Event[] = events.flatMap((event): Event[] => {
      if (event.kind === 'node') return [];
      if (event.kind === 'externalIPs') return [{ ...event, allowed: this.allowExternalIPs }];
      if (event.kind === 'time') return [{ ...event, now: this.now }];
      const before = this.held[event.kind].get(idOf(event.object));
      return [{ ...event, object: before ?? event.object, gone: before === undefined } as Event];
    });
    return this.node ? [...undo, { kind: 'node', node: this.node }] : undo;
  }

  /** The table from nothing. */
  build(): RoutingTable {
    return buildRoutingTable({
      services: this.held.services.values(),
      endpointSlices: this.held.slices.values(),
      overrides: this.held.overrides.values(),
      pods: this.held.pods.values(),
      namespaces: this.held.namespaces.values(),
      now: this.now,
      node: this.node,
      allowExternalIPs: this.allowExternalIPs,
    });
  }

  #tell(event: Extract<Event, { object: unknown }>): void {
    const tracker = this.#tracker;
    if (event.kind === 'services') event.gone ? tracker.deleteService(event.object) : tracker.setService(event.object);
    else if (event.kind === 'slices')
      event.gone ? tracker.deleteEndpointSlice(event.object) : tracker.setEndpointSlice(event.object);
    else if (event.kind === 'pods') event.gone ? tracker.deletePod(event.object) : tracker.setPod(event.object);
    else if (event.kind === 'namespaces')
      event.gone ? tracker.deleteNamespace(event.object) : tracker.setNamespace(event.object);
    else event.gone ? tracker.deleteOverride(event.object) : tracker.setOverride(event.object);
  }
}

function idOf({ metadata: { namespace = '', name } }: Objects[Kind]): string {
  return `${namespace}/${name}`;
}
