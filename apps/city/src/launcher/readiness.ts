import { setTimeout as sleep } from 'node:timers/promises';
import { type KubeClient, resources } from '@kubecity/kube';
import type { Pod } from '../objects.ts';
import { isReady } from './replicas.ts';

const PODS_WITHIN_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 200;

/** Waits until `wanted` pods are ready; gives how many are when it does not happen in time. */
export async function podsReady(client: KubeClient, wanted: number, signal: AbortSignal): Promise<number> {
  const deadline = AbortSignal.timeout(PODS_WITHIN_MILLISECONDS);
  for (;;) {
    const { items } = await client.list<Pod>(resources.pods, { signal });
    const ready = items.filter(isReady).length;
    if (ready >= wanted || deadline.aborted) return ready;
    await sleep(POLL_MILLISECONDS, undefined, { signal });
  }
}
