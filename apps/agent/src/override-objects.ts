import type { KubeRoutingOverride, ObjectMeta, RoutingTracker } from '@kubecity/routing';

/** The overrides of both kinds as the API has them, on their way into the tracker. They are few, and kept whole. */
export class OverrideObjects {
  readonly #tracker: Pick<RoutingTracker, 'setOverride' | 'deleteOverride'>;
  readonly #objects = new Map<string, KubeRoutingOverride>();

  constructor(tracker: Pick<RoutingTracker, 'setOverride' | 'deleteOverride'>) {
    this.#tracker = tracker;
  }

  set(object: KubeRoutingOverride): void {
    this.#objects.set(keyOf(object.metadata), object);
    this.#tracker.setOverride(object);
  }

  delete(object: Pick<KubeRoutingOverride, 'metadata'>): void {
    this.#objects.delete(keyOf(object.metadata));
    this.#tracker.deleteOverride(object);
  }

  get(place: Pick<ObjectMeta, 'namespace' | 'name'>): KubeRoutingOverride | undefined {
    return this.#objects.get(keyOf(place));
  }
}

const keyOf = ({ namespace = '', name }: Pick<ObjectMeta, 'namespace' | 'name'>): string => `${namespace}/${name}`;
