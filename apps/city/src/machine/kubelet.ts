import { isKubeError, type KubeClient, resources, watchResource } from '@kubecity/kube';
import type { Logger } from 'pino';
import type { Pod, Service } from '../objects.ts';
import type { NodePlan } from '../plan/city-plan.ts';
import type { Names } from '../workload/messages.ts';
import { AddressPool } from './address-pool.ts';
import { CityPod } from './city-pod.ts';
import type { Places } from './places.ts';
import { Queue } from './queue.ts';

const DEFAULT_GRACE_SECONDS = 30;

interface Kept {
  readonly city: CityPod;
  /** Network work and status of one pod happen in order. */
  readonly work: Queue;
  stopping: boolean;
}

export interface KubeletOptions {
  readonly client: KubeClient;
  readonly nodes: readonly NodePlan[];
  readonly places: Places;
  readonly seed: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Calls may begin, or the Services' places changed since. */
  renamed(names: Names): void;
}

/** The kubelets of all nodes in one: makes what runs equal to the pods that are bound to its nodes. */
export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #nodes: ReadonlyMap<string, { readonly plan: NodePlan; readonly addresses: AddressPool }>;
  readonly #pods = new Map<string, Kept>();
  #names: Names = {};
  #open = false;

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.#nodes = new Map(
      options.nodes.map((plan) => [plan.name, { plan, addresses: new AddressPool(plan.podCIDR) }] as const),
    );
  }

  run(): void {
    const { client, signal, logger } = this.#options;
    const state = (_: string, error?: Error) => {
      if (error) logger.warn({ error: error.message }, 'watch interrupted or handler failed');
    };
    watchResource<Service>(client, {
      resource: resources.services,
      set: (service) => this.#rename(service, placeOf(service)),
      delete: (service) => this.#rename(service, undefined),
      synced: () => {},
      state,
      signal,
    });
    watchResource<Pod>(client, {
      resource: resources.pods,
      set: (pod) => this.#set(pod),
      delete: (pod) => this.#forget(pod),
      synced: () => {},
      state,
      signal,
    });
  }

  /** Calls may begin: until then no workload is told where anybody is. */
  open(): void {
    this.#open = true;
    this.#announce();
  }

  #set(pod: Pod): void {
    const { uid = '', deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    const kept = this.#pods.get(uid);
    if (deletionTimestamp !== undefined) {
      if (kept) this.#stop(pod, kept, deletionGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
    } else if (!kept) {
      this.#start(pod);
    }
  }

  #start(pod: Pod): void {
    const node = this.#nodes.get(pod.spec.nodeName ?? '');
    if (node === undefined) return;
    const { places, seed, logger } = this.#options;
    const work = new Queue((error) => logger.error({ pod: nameOf(pod), error: error.message }, 'pod work failed'));
    const report = (status: object) => work.add(() => this.#writeStatus(pod, status));
    const names = () => (this.#open ? this.#names : undefined);
    const city = new CityPod({ pod, node: node.plan, addresses: node.addresses, places, seed, names, report });
    this.#pods.set(pod.metadata.uid ?? '', { city, work, stopping: false });
    work.add(() => city.start());
  }

  #stop(pod: Pod, kept: Kept, graceSeconds: number): void {
    if (kept.stopping) return;
    kept.stopping = true;
    const { namespace, name, uid } = pod.metadata;
    kept.work.add(async () => {
      await kept.city.stop(graceSeconds * 1000);
      await this.#options.client
        .delete(resources.pods, { namespace, name }, { uid, gracePeriodSeconds: 0 })
        .catch(unlessGone);
    });
  }

  /** The object is gone: the end of a deletion of ours, or somebody forced it. */
  #forget(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const kept = this.#pods.get(uid);
    this.#pods.delete(uid);
    if (kept && !kept.stopping) kept.work.add(() => kept.city.stop(0));
  }

  async #writeStatus(pod: Pod, status: object): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    await this.#options.client
      .patch(resources.pods, { namespace, name, subresource: 'status' }, { metadata: { uid }, status }, 'merge')
      .catch(unlessGone);
  }

  #rename(service: Service, place: Names[string] | undefined): void {
    const { namespace, name } = service.metadata;
    const key = `${name}.${namespace}`;
    const { [key]: before, ...others } = this.#names;
    if (JSON.stringify(before) === JSON.stringify(place)) return;
    this.#names = place === undefined ? others : { ...others, [key]: place };
    this.#announce();
  }

  #announce(): void {
    if (!this.#open) return;
    for (const { city } of this.#pods.values()) city.tell(this.#names);
    this.#options.renamed(this.#names);
  }
}

/** Where a Service can be called; headless ones, and those without a port, cannot. */
function placeOf({ spec }: Service): Names[string] | undefined {
  const port = spec.ports?.[0]?.port;
  if (port === undefined || !spec.clusterIP || spec.clusterIP === 'None') return undefined;
  return { address: spec.clusterIP, port };
}

/** The pod may be gone, or another one have taken its name, before our word about it arrives. */
function unlessGone(error: unknown): void {
  if (!isKubeError(error, 'not-found') && !isKubeError(error, 'conflict')) throw error;
}

const nameOf = ({ metadata }: Pod) => `${metadata.namespace}/${metadata.name}`;
