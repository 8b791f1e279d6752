import type { ConntrackSource } from '@kubecity/netlink';
import { pause } from './pause.ts';

export interface EndingOptions {
  readonly conntrack: Pick<ConntrackSource, 'delete'>;
  /** Names of the entries (`flowIdentity`). */
  readonly identities: readonly Uint8Array[];
  readonly perSecond: number;
  /** Nothing is deleted any more so long after the beginning. */
  readonly withinMs: number;
  /** Milliseconds from any start. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** Deletions come in batches, at most so many a second. */
const BATCHES_PER_SECOND = 10;

/**
 * Deletes entries one batch after the other, no faster than asked: each ended connection is a reset that its client meets.
 * @returns how many were there and are gone
 */
export async function endFlows(options: EndingOptions): Promise<number> {
  const { conntrack, identities, perSecond, withinMs, now, signal } = options;
  const size = Math.max(1, Math.floor(perSecond / BATCHES_PER_SECOND));
  const start = now();
  let deleted = 0;
  for (let from = 0; from < identities.length && !signal.aborted; from += size) {
    const due = start + (from / perSecond) * 1000;
    if (due - start > withinMs || now() - start > withinMs) break;
    await pause(due - now(), signal);
    if (signal.aborted) break;
    deleted += (await conntrack.delete(identities.slice(from, from + size))).deleted;
  }
  return deleted;
}
