import type { ConntrackSource } from '@kubecity/netlink';
import { CutPace } from '../draining/cut-pace.ts';
import { pause } from './pause.ts';

export interface EndingOptions {
  readonly conntrack: Pick<ConntrackSource, 'delete'>;
  /** Names of the entries (`flowIdentity`). */
  readonly identities: readonly Uint8Array[];
  readonly perSecond: number;
  /** Nothing is deleted any more so long after the beginning. */
  readonly withinMs: number;
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/**
 * Deletes entries one batch after the other, no faster than asked: each ended connection is a reset that its client meets.
 * @returns how many were there and are gone
 */
export async function endFlows(options: EndingOptions): Promise<number> {
  const { conntrack, identities, perSecond, withinMs, now, signal } = options;
  const pace = new CutPace(perSecond);
  const end = now() + withinMs;
  let deleted = 0;
  for (let from = 0; from < identities.length && !signal.aborted && now() <= end; ) {
    const batch = identities.slice(from, from + pace.allowed(now()));
    from += batch.length;
    pace.spend(batch.length, now());
    if (batch.length > 0) deleted += (await conntrack.delete(batch)).deleted;
    if (from < identities.length) await pause(pace.wait(now()), signal);
  }
  return deleted;
}
