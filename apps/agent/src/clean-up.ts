import { installedIptables, iptables, type Netfilter, NetfilterError, openDoors } from '@kubecity/netfilter';
import type { Logger } from 'pino';
import { familiesHere } from './host/families.ts';
import { openSysctls } from './host/sysctl.ts';
import { removeRules } from './rules/cleanup.ts';

/** The command `cleanup`: leaves this network namespace as if no agent had ever been here, sysctls excepted. */
export async function cleanUp(log: Logger): Promise<void> {
  const families = await familiesHere(openSysctls(), iptables({ family: 'IPv6' }), log);
  const tables: Netfilter[] = [];
  // An agent of another setting may have written the tables that this one would not.
  for (const { flavour, suffix } of await installedIptables()) {
    if (await inKernel(iptables({ suffix }))) tables.push(...openDoors({ families, suffix }).rules.values());
    else log.info({ flavour }, 'this kernel has no tables of this flavour');
  }
  log.info(await removeRules(tables, openDoors({ families }).sets), 'rules and sets removed');
}

async function inKernel(door: Netfilter): Promise<boolean> {
  try {
    await door.save();
    return true;
  } catch (error) {
    if (error instanceof NetfilterError && error.code === 'refused') return false;
    throw error;
  }
}
