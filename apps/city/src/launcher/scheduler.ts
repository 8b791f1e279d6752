import { isKubeError, type KubeClient, resources } from '@kubecity/kube';
import { Queue } from '../machine/queue.ts';
import { isTrue, type Node, type Pod } from '../objects.ts';
import { limits } from '../plan/city-plan.ts';

/**
 * The node for a pod: ready, open for pods and with room; of these the one with the fewest pods of the same owner, then
 * with the fewest pods, then by name. Undefined when there is none.
 */
export function chooseNode(pod: Pod, nodes: Iterable<Node>, pods: Iterable<Pod>): string | undefined {
  const owner = ownerOf(pod);
  const loads = new Map<string, { alike: number; all: number }>();
  for (const { metadata, spec, status } of nodes) {
    const open = isTrue(status?.conditions, 'Ready') && spec?.unschedulable !== true;
    if (open) loads.set(metadata.name, { alike: 0, all: 0 });
  }
  for (const other of pods) {
    const load = loads.get(other.spec.nodeName ?? '');
    if (load === undefined) continue;
    load.all += 1;
    if (owner !== undefined && ownerOf(other) === owner) load.alike += 1;
  }
  const [best] = [...loads]
    .filter(([, { all }]) => all < limits.podsPerNode)
    .toSorted(([a, at], [b, bt]) => at.alike - bt.alike || at.all - bt.all || a.localeCompare(b));
  return best?.[0];
}

const ownerOf = ({ metadata }: Pod) => metadata.ownerReferences?.[0]?.uid;

/** Binds pods to nodes, one after another so that each choice sees the ones before. */
export class Scheduler {
  readonly #client: KubeClient;
  readonly #work: Queue;
  readonly #nodes = new Map<string, Node>();
  readonly #pods = new Map<string, Pod>();

  constructor(client: KubeClient, failed: (error: Error) => void) {
    this.#client = client;
    this.#work = new Queue(failed);
  }

  setNode(node: Node): void {
    this.#nodes.set(node.metadata.name, node);
    for (const pod of this.#pods.values()) this.#consider(pod);
  }

  deleteNode({ metadata }: Node): void {
    this.#nodes.delete(metadata.name);
  }

  setPod(pod: Pod): void {
    this.#pods.set(pod.metadata.uid ?? '', pod);
    this.#consider(pod);
  }

  /** Room may have become free for a pod that found none. */
  deletePod({ metadata }: Pod): void {
    this.#pods.delete(metadata.uid ?? '');
    for (const pod of this.#pods.values()) this.#consider(pod);
  }

  #consider({ metadata, spec }: Pod): void {
    if (spec.nodeName !== undefined || metadata.deletionTimestamp !== undefined) return;
    this.#work.add(async () => {
      const pod = this.#pods.get(metadata.uid ?? '');
      if (pod === undefined || pod.spec.nodeName !== undefined) return;
      const nodeName = chooseNode(pod, this.#nodes.values(), this.#pods.values());
      if (nodeName === undefined) return;
      const { namespace, name, uid } = metadata;
      const target = { apiVersion: 'v1', kind: 'Node', name: nodeName };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { namespace, name, uid }, target };
      await this.#client.create(resources.pods, binding, 'binding').catch(unlessGone);
      // the watch will say so too, but the next choice comes before; a pod that is gone is not made known again
      const known = this.#pods.get(uid ?? '');
      if (known) this.#pods.set(uid ?? '', { ...known, spec: { ...known.spec, nodeName } });
    });
  }
}

/** Deleted, or bound by somebody else, before our word arrives. */
function unlessGone(error: unknown): void {
  if (!isKubeError(error, 'not-found') && !isKubeError(error, 'conflict')) throw error;
}
