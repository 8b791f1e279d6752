import type { Logger } from 'pino';
import { openSysctls, type Sysctls } from '../host/sysctl.ts';

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
