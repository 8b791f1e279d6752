import type { Logger } from 'pino';
import { openSysctls, type Sysctls } from '../host/sysctl.ts';
import type { Clock } from '../runner.ts';

const SETTING = 'net/netfilter/nf_conntrack_acct';

export type Counters = 'on' | 'switched-on' | 'unavailable';

/**
 * Makes the kernel count packets and bytes of connections (net.netfilter.nf_conntrack_acct=1 in this process's network
 * namespace). Only connections that begin afterwards are counted. When it cannot be switched on, that is logged and
 * reported: connections are then still seen, but without bytes, and frames say so (`withoutCounters`).
 */
export async function enableCounters(
  log: Pick<Logger, 'info' | 'warn'>,
  sysctls: Sysctls = openSysctls(),
): Promise<Counters> {
  try {
    if ((await sysctls.ensure(SETTING, 1)) === 'same') return 'on';
    log.info({ setting: SETTING }, 'connection counters switched on; connections that are open already have none');
    return 'switched-on';
  } catch (error) {
    log.warn({ err: error }, 'connection counters cannot be switched on: bytes will be missing');
    return 'unavailable';
  }
}

const EVERY_MS = 30_000;

export interface CounterWatch {
  /** As of the last look. */
  readonly counters: Counters;
  stop(): void;
}

export interface CounterWatchOptions {
  readonly found: Counters;
  readonly sysctls: Sysctls;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Somebody had switched counters off; they are on again, or cannot be. */
  readonly switchedOff: (now: Counters) => void;
}

/** Looks every 30 s whether the kernel still counts: connections that begin while it does not never have counters. */
export function watchCounters({ found, sysctls, clock, log, switchedOff }: CounterWatchOptions): CounterWatch {
  let counters = found;
  let stopped = false;
  const quiet = { info: () => {}, warn: () => {} };
  const look = async () => {
    // While they cannot be switched on one line is enough.
    const next = await enableCounters(counters === 'unavailable' ? quiet : log, sysctls);
    if (stopped) return;
    const lost = next !== 'on' && counters !== 'unavailable';
    if (counters === 'unavailable' && next !== 'unavailable') log.info({}, 'connections are counted again');
    counters = next;
    if (lost) switchedOff(next);
    timer = clock.after(EVERY_MS, look);
  };
  let timer = clock.after(EVERY_MS, look);
  return {
    get counters() {
      return counters;
    },
    stop: () => {
      stopped = true;
      timer.cancel();
    },
  };
}
