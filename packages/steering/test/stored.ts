import type { KubeRoutingOverride } from '@kubecity/routing';
import { apiTime, type Change, idOf, type SteerPlan } from '../src/index.ts';

/** What an API server makes of a plan, and the change as a trail keeps it. */
export class Stored {
  readonly objects: Map<string, KubeRoutingOverride>;
  #uids = 0;

  constructor(objects: readonly KubeRoutingOverride[]) {
    this.objects = new Map(objects.map((object) => [idOf(object), object]));
  }

  get all(): KubeRoutingOverride[] {
    return [...this.objects.values()];
  }

  apply({ writes }: Pick<SteerPlan, 'writes'>, now: number): Change {
    const [planned] = writes;
    if (!planned || writes.length > 1) throw new Error(`${writes.length} writes`);
    const { write, object } = planned;
    const { kind, namespace, name, before, after } = write;
    const change = { id: 'c1', who: 'ana', kind, namespace, name, before, after };
    const current = this.objects.get(idOf(object));
    if (write.verb === 'delete') {
      if (current !== object) throw new Error(`${name} is not what is stored`);
      this.objects.delete(idOf(object));
      return { ...change, uid: object.metadata.uid };
    }
    if ((write.verb === 'create') !== (current === undefined)) throw new Error(`${write.verb} of ${name}`);
    const { generation = 0 } = current?.metadata ?? {};
    this.#uids += 1;
    const uid = current?.metadata.uid ?? `new-${this.#uids}`;
    const creationTimestamp = current?.metadata.creationTimestamp ?? apiTime(now);
    const metadata = { ...object.metadata, uid, creationTimestamp, generation: generation + 1 };
    this.objects.set(idOf(object), { ...object, metadata });
    return { ...change, uid };
  }
}
