import { findKubeProxy } from '@kubecity/netfilter';
import type { Logger } from 'pino';
import { cleanUp } from './clean-up.ts';
import type { Mode } from './config/mode.ts';
import type { Departure } from './departure.ts';
import { removeRoutes } from './routes/remove-routes.ts';
import type { Lease } from './rules/lease.ts';

export interface Leaving {
  /** Carried out until now. */
  readonly mode: Mode;
  readonly lease: Pick<Lease, 'end'>;
  readonly log: Logger;
}

/** What becomes of what is in the kernel when this agent has stopped writing: it stays for the next one, or goes with the DaemonSet. */
export async function leaveNode(departure: Departure, { mode, lease, log }: Leaving): Promise<void> {
  const end = await departure.end(mode, async () => (await findKubeProxy()).ownsServices);
  if (end === 'alone') {
    await lease.end().catch((err: unknown) => log.warn({ err }, 'the lease of the rules runs out by itself'));
  }
  if (end !== 'gone') return;
  await cleanUp(log);
  await removeRoutes(log);
}
