import { openRoutes } from '@kubecity/netlink';
import type { Logger } from 'pino';
import { clearRoutes } from './route-sync.ts';

/** Takes away every route and device of ours, whoever wrote it. Rejects with NetlinkError, or an Error that says what the kernel keeps. */
export async function removeRoutes(log: Pick<Logger, 'info'>): Promise<void> {
  const tables = openRoutes();
  const steps = await clearRoutes(tables).finally(() => tables.close());
  log.info({ steps }, "routes to other nodes' pods removed");
}
