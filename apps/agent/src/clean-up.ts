import { ipset, iptables } from '@kubecity/netfilter';
import type { Logger } from 'pino';
import { familiesHere } from './host/families.ts';
import { openSysctls } from './host/sysctl.ts';
import { removeRules } from './rules/cleanup.ts';

/** The command `cleanup`: leaves this network namespace as if no agent had ever been here, sysctls excepted. */
export async function cleanUp(log: Logger): Promise<void> {
  const families = await familiesHere(openSysctls(), iptables({ family: 'IPv6' }), log);
  const removed = await removeRules(
    families.map((family) => iptables({ family })),
    ipset(),
  );
  log.info(removed, 'rules and sets removed');
}
