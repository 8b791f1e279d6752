import { setTimeout } from 'node:timers/promises';
import { isKubeError, type KubeClient, resources } from '@kubecity/kube';
import type { CityRecord } from '@kubecity/protocol';
import type { Logger } from 'pino';
import type { KubeEvent } from './event-book.ts';

export interface EventWatchOptions {
  readonly client: Pick<KubeClient, 'pages' | 'watch'>;
  readonly take: (event: KubeEvent) => void;
  readonly tell: (state: EventsState) => void;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export type EventsState = CityRecord<'cluster'>['events'];

const WATCH_SECONDS = 300;
/** After a watch that ended as planned; after a failure; after a refusal, which a new role may end. Milliseconds. */
const PAUSE = { planned: 200, failed: 5000, refused: 60_000 };

/**
 * Reads the cluster's events until the signal is aborted. Unlike a watched kind nothing is held of them here: an event
 * that the cluster deletes is over by its time, so each is handed on and let go. Never throws.
 */
export async function watchEvents(options: EventWatchOptions): Promise<void> {
  const { signal, tell, log, sleep = sleepUnlessAborted } = options;
  let version: string | undefined;
  tell({ state: 'reading' });
  while (!signal.aborted) {
    let pause = PAUSE.planned;
    try {
      version ??= await list(options);
      tell({ state: 'live' });
      version = await follow(options, version);
    } catch (error) {
      if (signal.aborted) return;
      version = undefined;
      pause = isKubeError(error, 'forbidden') || isKubeError(error, 'unauthorized') ? PAUSE.refused : PAUSE.failed;
      if (isKubeError(error, 'gone')) pause = PAUSE.planned;
      else tell({ state: 'unreadable', why: (error as Error).message });
      log.warn({ err: error }, 'events of the cluster cannot be read');
    }
    await sleep(pause, signal);
  }
}

async function list({ client, take, signal }: EventWatchOptions): Promise<string> {
  let version = '';
  for await (const page of client.pages<KubeEvent>(resources.coreEvents, { signal })) {
    for (const event of page.items) take(event);
    version = page.resourceVersion;
  }
  return version;
}

/** Until the server ends the watch; returns where to go on. */
async function follow({ client, take, signal }: EventWatchOptions, from: string): Promise<string> {
  let version = from;
  const deadline = AbortSignal.timeout((WATCH_SECONDS + 30) * 1000);
  const events = await client.watch<KubeEvent>(resources.coreEvents, {
    resourceVersion: from,
    timeoutSeconds: WATCH_SECONDS,
    signal: AbortSignal.any([signal, deadline]),
  });
  for await (const { type, object } of events) {
    version = object.metadata.resourceVersion ?? version;
    if (type === 'ADDED' || type === 'MODIFIED') take(object);
  }
  return version;
}

async function sleepUnlessAborted(milliseconds: number, signal: AbortSignal): Promise<void> {
  // it rejects for one reason only: the signal, and then the loop ends by itself
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}
