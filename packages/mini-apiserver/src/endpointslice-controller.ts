import type { Cluster } from './cluster.ts';
import { isObject, type JsonObject, type KubeObject, objectAt, sameJson, stringAt } from './object.ts';
import { type PodEndpoint, podEndpoint, ZONE_LABEL } from './pod-endpoint.ts';
import { planSlices, type SliceContent } from './slice-plan.ts';
import { type Change, objectKey } from './store.ts';
import { timestamp } from './timestamp.ts';

const SLICES = 'discovery.k8s.io/endpointslices';
const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const CONTROLLER = 'endpointslice-controller.k8s.io';
const HEADLESS = 'service.kubernetes.io/headless';

type ByName = Map<string, KubeObject>;

/** Keeps the EndpointSlices of every Service with a selector equal to the pods it selects. */
export class EndpointSliceController {
  readonly #cluster: Cluster;
  readonly #services = new Map<string, ByName>();
  readonly #pods = new Map<string, ByName>();
  /** Managed slices by `namespace/service`, then by name. */
  readonly #slices = new Map<string, ByName>();
  readonly #due = new Set<string>();
  #turn: NodeJS.Immediate | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** A subscriber of the store. Work is done once per turn of the event loop, however many changes it brings. */
  observe(change: Change): void {
    if (change.resource === '/services') this.#followService(change);
    else if (change.resource === '/pods') this.#followPod(change);
    else if (change.resource === '/nodes') this.#followNode(change);
    else if (change.resource === SLICES) this.#followSlice(change);
    if (this.#due.size > 0) this.#turn ??= setImmediate(() => this.settle());
  }

  /** Does now what is due. */
  settle(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    const due = [...this.#due];
    this.#due.clear();
    for (const key of due) this.#sync(key);
  }

  stop(): void {
    clearImmediate(this.#turn);
    this.#turn = undefined;
    this.#due.clear();
  }

  #followService(change: Change): void {
    remember(this.#services, change.object.metadata.namespace ?? '', change);
    this.#due.add(keyOf(change.object));
  }

  #followPod(change: Change): void {
    const { object, previous } = change;
    const { namespace = '' } = object.metadata;
    remember(this.#pods, namespace, change);
    for (const service of this.#services.get(namespace)?.values() ?? []) {
      if (selects(service, object) || (previous !== undefined && selects(service, previous)))
        this.#due.add(keyOf(service));
    }
  }

  #followNode({ object, previous, type }: Change): void {
    const zone = type === 'DELETED' ? undefined : object.metadata.labels?.[ZONE_LABEL];
    if (zone === previous?.metadata.labels?.[ZONE_LABEL] && type === 'MODIFIED') return;
    for (const [namespace, pods] of this.#pods) {
      for (const pod of pods.values()) {
        if (stringAt(pod, 'spec', 'nodeName') !== object.metadata.name) continue;
        for (const service of this.#services.get(namespace)?.values() ?? []) {
          if (selects(service, pod)) this.#due.add(keyOf(service));
        }
      }
    }
  }

  #followSlice(change: Change): void {
    for (const object of [change.previous, change.object]) {
      if (object?.metadata.labels?.[MANAGED_BY] !== CONTROLLER) continue;
      const service = `${object.metadata.namespace}/${object.metadata.labels[SERVICE_NAME]}`;
      const moved =
        object === change.previous &&
        change.object.metadata.labels?.[SERVICE_NAME] !== object.metadata.labels[SERVICE_NAME];
      if (object === change.object) remember(this.#slices, service, change);
      else if (moved) this.#slices.get(service)?.delete(object.metadata.name);
      this.#due.add(service);
    }
  }

  #sync(key: string): void {
    const [namespace = '', name = ''] = key.split('/');
    const service = this.#services.get(namespace)?.get(name);
    // A deleted Service takes its slices along as their owner; without a selector the slices are somebody else's.
    if (service === undefined || service.metadata.deletionTimestamp !== undefined || !hasSelector(service)) return;
    const present = [...(this.#slices.get(key)?.values() ?? [])];
    const plan = planSlices(present, this.#endpoints(service));
    for (const { slice, content } of plan.update) this.#write(service, slice, content);
    const touched = new Set<KubeObject>([...plan.remove, ...plan.update.map(({ slice }) => slice)]);
    for (const slice of present) if (!touched.has(slice)) this.#write(service, slice, contentOf(slice));
    for (const content of plan.create) this.#create(service, content);
    // Last, so that no reader sees fewer endpoints than there are.
    for (const { metadata } of plan.remove) this.#cluster.store.remove(SLICES, namespace, metadata.name);
  }

  #endpoints(service: KubeObject): PodEndpoint[] {
    const { store } = this.#cluster;
    return [...(this.#pods.get(service.metadata.namespace ?? '')?.values() ?? [])]
      .filter((pod) => selects(service, pod))
      .map((pod) => podEndpoint(service, pod, store.get('/nodes', undefined, stringAt(pod, 'spec', 'nodeName') ?? '')))
      .filter((endpoint) => endpoint !== undefined);
  }

  /** Writes only what differs, the labels that follow the Service included. */
  #write(service: KubeObject, slice: KubeObject, content: SliceContent): void {
    const labels = labelsFor(service);
    const same = sameJson(contentOf(slice), content);
    if (same && sameJson(labels, slice.metadata.labels)) return;
    const generation = (slice.metadata.generation ?? 1) + (same ? 0 : 1);
    this.#cluster.store.put(SLICES, { ...slice, ...content, metadata: { ...slice.metadata, labels, generation } });
  }

  #create(service: KubeObject, content: SliceContent): void {
    const { name, namespace, uid = '' } = service.metadata;
    const owner = { apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true };
    this.#cluster.store.put(SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: this.#freeName(service),
        generateName: `${name}-`,
        namespace,
        uid: this.#cluster.newUid(),
        creationTimestamp: timestamp(this.#cluster.now()),
        generation: 1,
        labels: labelsFor(service),
        ownerReferences: [owner],
      },
      addressType: 'IPv4',
      ...content,
    });
  }

  #freeName({ metadata }: KubeObject): string {
    const suffix = () =>
      Math.floor(this.#cluster.random() * 36 ** 5)
        .toString(36)
        .padStart(5, '0');
    let name = `${metadata.name}-${suffix()}`;
    while (this.#cluster.store.get(SLICES, metadata.namespace, name) !== undefined)
      name = `${metadata.name}-${suffix()}`;
    return name;
  }
}

const keyOf = ({ metadata }: KubeObject): string => objectKey(metadata.namespace, metadata.name);

const contentOf = (slice: KubeObject): SliceContent => ({
  endpoints: (slice.endpoints ?? []) as JsonObject[],
  ports: (slice.ports ?? []) as JsonObject[],
});

function remember(index: Map<string, ByName>, key: string, { type, object }: Change): void {
  const objects = index.get(key) ?? new Map<string, KubeObject>();
  index.set(key, objects);
  if (type === 'DELETED') objects.delete(object.metadata.name);
  else objects.set(object.metadata.name, object);
  if (objects.size === 0) index.delete(key);
}

function hasSelector(service: KubeObject): boolean {
  const { selector, type } = objectAt(service, 'spec');
  return isObject(selector) && Object.keys(selector).length > 0 && type !== 'ExternalName';
}

function selects(service: KubeObject, pod: KubeObject): boolean {
  if (!hasSelector(service)) return false;
  return Object.entries(objectAt(service, 'spec', 'selector')).every(
    ([key, value]) => pod.metadata.labels?.[key] === value,
  );
}

function labelsFor(service: KubeObject): { [key: string]: string } {
  return {
    ...service.metadata.labels,
    [SERVICE_NAME]: service.metadata.name,
    [MANAGED_BY]: CONTROLLER,
    ...(stringAt(service, 'spec', 'clusterIP') === 'None' ? { [HEADLESS]: '' } : {}),
  };
}
