import { readFile, writeFile } from 'node:fs/promises';
import type { Logger } from 'pino';

const FILE = '/proc/sys/net/netfilter/nf_conntrack_acct';

export type Counters = 'on' | 'switched-on' | 'unavailable';

/**
 * Makes the kernel count packets and bytes of connections (net.netfilter.nf_conntrack_acct=1 in this process's network
 * namespace). Only connections that begin afterwards are counted. When it cannot be switched on, that is logged and
 * reported: connections are then still seen, but without bytes, and frames say so (`withoutCounters`).
 */
export async function enableCounters(log: Pick<Logger, 'info' | 'warn'>, file = FILE): Promise<Counters> {
  try {
    if ((await readFile(file, 'utf8')).trim() === '1') return 'on';
    await writeFile(file, '1');
    log.info({ file }, 'connection counters switched on; connections that are open already have none');
    return 'switched-on';
  } catch (error) {
    log.warn({ file, err: error }, 'connection counters cannot be switched on: bytes will be missing');
    return 'unavailable';
  }
}
