import { isKubeError, type KubeClient, KubeError, overrideResource } from '@kubecity/kube';
import type { Logger } from 'pino';
import type { CityModel } from './city-model.ts';
import type { HubMetrics } from './metrics.ts';
import { conditionsDiffer, overrideStatus, sameStatus } from './override-status.ts';

export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly model: CityModel;
  readonly log: Logger;
  readonly metrics: HubMetrics;
  readonly now: () => number;
}

/** Counts of connections change with every frame; conditions are written with the next round. */
const COUNTS_MILLISECONDS = 5000;
/** After a refusal (no right, or the API is gone) nothing is tried for so long. */
const REFUSED_MILLISECONDS = 30_000;

/**
 * Writes what became of each override into its status, one at a time and only what changed.
 * Returns the round to call from time to time; a round that is still under way makes the next one do nothing.
 */
export function statusWriter({ client, model, log, metrics, now }: StatusWriterOptions): () => Promise<void> {
  const writtenAt = new Map<string, number>();
  let pausedUntil = 0;
  let busy = false;

  async function round(): Promise<void> {
    // silence of agents that are not back yet would be taken for news
    if (busy || now() < pausedUntil || !model.settled(now())) return;
    busy = true;
    try {
      for (const uid of writtenAt.keys()) if (!model.store.get('override', uid)) writtenAt.delete(uid);
      for (const [uid] of [...model.store.all('override')]) await write(uid);
    } catch (error) {
      const code = error instanceof KubeError ? error.code : 'unknown';
      metrics.statusWrites.inc({ code });
      pausedUntil = now() + REFUSED_MILLISECONDS;
      log.warn({ err: error }, 'status of overrides cannot be written');
    } finally {
      busy = false;
    }
  }

  async function write(uid: string): Promise<void> {
    // looked up anew for each, since the city went on while the last one was written
    const record = model.store.get('override', uid);
    const object = record && model.overrideOf(record);
    if (!record || object?.metadata.uid !== uid) return;
    const status = overrideStatus(record, object.status, new Date(now()).toISOString(), model.silentNodes(now()));
    if (sameStatus(status, object.status)) return;
    const due = (writtenAt.get(uid) ?? 0) + COUNTS_MILLISECONDS;
    if (now() < due && !conditionsDiffer(status, object.status)) return;
    writtenAt.set(uid, now());
    const { namespace, name } = object.metadata;
    const address = { namespace, name, subresource: 'status' };
    await client.patch(overrideResource(object.metadata), address, { status }, 'merge').catch((error: unknown) => {
      // deleted while we wrote: its watch says so next
      if (!isKubeError(error, 'not-found')) throw error;
    });
    metrics.statusWrites.inc({ code: 'ok' });
  }
  return round;
}
