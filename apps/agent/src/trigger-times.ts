import type { Family, KubeEndpointSlice } from '@kubecity/routing';

/** RFC 3339 with fractions; set by the endpoint slice controller to when a pod or Service changed. */
export const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

type Slice = Pick<KubeEndpointSlice, 'metadata' | 'addressType'>;

/**
 * When the changes happened that are not in the kernel yet, from which the network programming latency follows. Each time
 * of a slice counts once, although the slice comes by again with it.
 */
export class TriggerTimes {
  readonly #startedAt: number;
  readonly #seen = new Map<string, number>();
  #pending = new Map<string, { readonly family: Family; readonly times: readonly number[] }>();

  /** Changes before `startedAt` (Unix milliseconds) are not ours to be late with. */
  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  set(slice: Slice): void {
    const { addressType, metadata } = slice;
    if (addressType !== 'IPv4' && addressType !== 'IPv6') return;
    const at = Date.parse(metadata.annotations?.[TRIGGER_TIME] ?? '');
    const key = keyOf(slice);
    if (!(at > this.#startedAt) || this.#seen.get(key) === at) return;
    this.#seen.set(key, at);
    this.#add(key, addressType, [at]);
  }

  /** The time in a deleted slice is that of its last change, not of the deletion. */
  delete(slice: Pick<Slice, 'metadata'>): void {
    this.#seen.delete(keyOf(slice));
    this.#pending.delete(keyOf(slice));
  }

  /** Before a sync: what it is going to program. */
  take(): TakenTimes {
    const taken = this.#pending;
    this.#pending = new Map();
    return taken;
  }

  /** After a sync that failed. */
  giveBack(taken: TakenTimes): void {
    for (const [key, { family, times }] of taken) if (this.#seen.has(key)) this.#add(key, family, times);
  }

  #add(key: string, family: Family, times: readonly number[]): void {
    this.#pending.set(key, { family, times: [...(this.#pending.get(key)?.times ?? []), ...times] });
  }
}

export type TakenTimes = ReadonlyMap<string, { readonly family: Family; readonly times: readonly number[] }>;

/** Seconds from each change to `now` (Unix milliseconds), after a sync that succeeded. */
export function latencies(taken: TakenTimes, now: number): { readonly family: Family; readonly seconds: number }[] {
  return [...taken.values()].flatMap(({ family, times }) =>
    times.map((at) => ({ family, seconds: Math.max(0, now - at) / 1000 })),
  );
}

const keyOf = ({ metadata }: Pick<Slice, 'metadata'>): string => `${metadata.namespace ?? ''}/${metadata.name}`;
