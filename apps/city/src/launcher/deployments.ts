import { isKubeError, type KubeClient, resources } from '@kubecity/kube';
import { Queue } from '../machine/queue.ts';
import type { Deployment, Pod } from '../objects.ts';
import { isReady, newPod, planReplicas, templateHash } from './replicas.ts';

interface Kept {
  deployment: Deployment;
  readonly pods: Map<string, Pod>;
  /** Deleted by us and not gone yet; older news of them may still come and must not count. */
  readonly removed: Set<string>;
  readonly work: Queue;
  /** A round of work is waiting: it will see what comes in until then. */
  waiting: boolean;
  /** Pods made so far; names them. */
  serial: number;
  status: string;
}

/** The Deployment controller: makes and removes pods, replaces lost ones, rolls a changed template out. */
export class Deployments {
  readonly #client: KubeClient;
  readonly #seed: number;
  readonly #failed: (error: Error) => void;
  readonly #kept = new Map<string, Kept>();
  /** Pods that were heard of before their Deployment. */
  readonly #unowned = new Map<string, Pod>();

  constructor(client: KubeClient, seed: number, failed: (error: Error) => void) {
    this.#client = client;
    this.#seed = seed;
    this.#failed = failed;
  }

  setDeployment(deployment: Deployment): void {
    const uid = deployment.metadata.uid ?? '';
    const kept = this.#kept.get(uid) ?? this.#keep(uid, deployment);
    kept.deployment = deployment;
    this.#wake(kept);
  }

  /** Its pods go with it: the API server collects what has lost its owner. */
  deleteDeployment({ metadata }: Deployment): void {
    this.#kept.delete(metadata.uid ?? '');
  }

  setPod(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const kept = this.#ownerOf(pod);
    if (kept === undefined) {
      this.#unowned.set(uid, pod);
      return;
    }
    kept.pods.set(uid, pod);
    this.#wake(kept);
  }

  deletePod(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    this.#unowned.delete(uid);
    const kept = this.#ownerOf(pod);
    kept?.removed.delete(uid);
    if (kept?.pods.delete(uid)) this.#wake(kept);
  }

  #keep(uid: string, deployment: Deployment): Kept {
    const kept: Kept = {
      deployment,
      pods: new Map(),
      removed: new Set(),
      work: new Queue(this.#failed),
      waiting: false,
      serial: 0,
      status: '',
    };
    this.#kept.set(uid, kept);
    for (const [podUid, pod] of this.#unowned) {
      if (this.#ownerOf(pod) !== kept) continue;
      kept.pods.set(podUid, pod);
      this.#unowned.delete(podUid);
    }
    return kept;
  }

  #ownerOf({ metadata }: Pod): Kept | undefined {
    return this.#kept.get(metadata.ownerReferences?.find(({ kind }) => kind === 'Deployment')?.uid ?? '');
  }

  #wake(kept: Kept): void {
    if (kept.waiting) return;
    kept.waiting = true;
    kept.work.add(() => {
      kept.waiting = false;
      return this.#sync(kept);
    });
  }

  async #sync(kept: Kept): Promise<void> {
    if (!this.#kept.has(kept.deployment.metadata.uid ?? '')) return;
    const { create, remove } = planReplicas(kept.deployment, present(kept));
    for (const pod of remove) {
      await this.#remove(pod);
      kept.removed.add(pod.metadata.uid ?? '');
    }
    for (let made = 0; made < create; made++) {
      const pod = await this.#client.create<Pod>(
        resources.pods,
        newPod(kept.deployment, this.#seed, kept.serial++) as Pod,
      );
      const uid = pod.metadata.uid ?? '';
      if (!kept.pods.has(uid)) kept.pods.set(uid, pod);
    }
    await this.#writeStatus(kept);
  }

  async #remove({ metadata }: Pod): Promise<void> {
    const { namespace, name, uid } = metadata;
    await this.#client.delete(resources.pods, { namespace, name }, { uid }).catch(unlessGone);
  }

  async #writeStatus(kept: Kept): Promise<void> {
    const { deployment } = kept;
    const status = statusOf(deployment, present(kept));
    const text = JSON.stringify(status);
    if (text === kept.status) return;
    const { namespace, name } = deployment.metadata;
    await this.#client
      .patch(resources.deployments, { namespace, name, subresource: 'status' }, { status }, 'merge')
      .catch(unlessGone);
    kept.status = text;
  }
}

function present({ pods, removed }: Kept): Pod[] {
  return [...pods]
    .filter(([uid, { metadata }]) => !metadata.deletionTimestamp && !removed.has(uid))
    .map(([, pod]) => pod);
}

function statusOf(deployment: Deployment, pods: readonly Pod[]): object {
  const revision = templateHash(deployment);
  const ready = pods.filter(isReady).length;
  const wanted = deployment.spec.replicas ?? 1;
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: pods.length,
    updatedReplicas: pods.filter(({ metadata }) => metadata.labels?.['pod-template-hash'] === revision).length,
    readyReplicas: ready,
    availableReplicas: ready,
    unavailableReplicas: Math.max(0, wanted - ready),
    conditions: [{ type: 'Available', status: ready >= wanted ? 'True' : 'False', reason: 'Replicas', message: '' }],
  };
}

/** Somebody else was faster, or another object has the name by now. */
function unlessGone(error: unknown): void {
  if (!isKubeError(error, 'not-found') && !isKubeError(error, 'conflict')) throw error;
}
