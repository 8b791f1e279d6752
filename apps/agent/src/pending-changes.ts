import type { Metrics } from './metrics.ts';

type Kind = 'service' | 'endpointSlice';

/** Changes of objects on their way into the kernel: all of them in a counter, those that are not there yet in a gauge. */
export class PendingChanges {
  readonly #metrics: Pick<
    Metrics,
    'serviceChanges' | 'serviceChangesPending' | 'endpointChanges' | 'endpointChangesPending'
  >;
  /** Since the last sync began. */
  #news: Record<Kind, number> = { service: 0, endpointSlice: 0 };
  /** Part of syncs that have not succeeded yet. */
  #taken: Record<Kind, number> = { service: 0, endpointSlice: 0 };

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  add(kind: Kind): void {
    this.#news[kind]++;
    (kind === 'service' ? this.#metrics.serviceChanges : this.#metrics.endpointChanges).inc();
    this.#show();
  }

  syncing(): void {
    for (const kind of ['service', 'endpointSlice'] as const) this.#taken[kind] += this.#news[kind];
    this.#news = { service: 0, endpointSlice: 0 };
  }

  synced(): void {
    this.#taken = { service: 0, endpointSlice: 0 };
    this.#show();
  }

  #show(): void {
    this.#metrics.serviceChangesPending.set(this.#news.service + this.#taken.service);
    this.#metrics.endpointChangesPending.set(this.#news.endpointSlice + this.#taken.endpointSlice);
  }
}
