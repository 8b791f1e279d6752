import { isDeepEqual } from './equal.ts';
import type { KubePod, ObjectMeta } from './objects.ts';
import type { PodLabels } from './selection.ts';
import type { Endpoint } from './slice.ts';

/** Labels of pods, for overrides that choose by them. */
export class PodBook {
  readonly #pods = new Map<string, PodLabels>();

  /** @returns whether it has other labels than before, or is another pod */
  set({ metadata: { namespace, name, uid, labels } }: KubePod): boolean {
    const id = idOf(namespace, name);
    const before = this.#pods.get(id);
    this.#pods.set(id, { uid, labels });
    return before?.uid !== uid || !isDeepEqual(before?.labels, labels);
  }

  delete({ namespace, name }: ObjectMeta): boolean {
    return this.#pods.delete(idOf(namespace, name));
  }

  /** The pod behind an endpoint of a Service of this namespace. */
  behind(namespace: string, endpoint: Endpoint): PodLabels | undefined {
    const pod = this.#pods.get(idOf(namespace, endpoint.podName));
    // A pod of the same name may be another one: labels of a successor say nothing about this endpoint.
    return pod?.uid === endpoint.podUid || endpoint.podUid === undefined ? pod : undefined;
  }
}

function idOf(namespace = '', name = ''): string {
  return `${namespace}/${name}`;
}
