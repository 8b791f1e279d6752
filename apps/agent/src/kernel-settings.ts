import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { enableCounters } from './accounting/counters.ts';
import type { AgentConfig } from './config/agent-config.ts';
import { applyConntrackSettings, CONNTRACK_MODULE } from './host/conntrack-sysctls.ts';
import { openSysctls, type Sysctls } from './host/sysctl.ts';

/** Makes what the configuration asks of conntrack, each setting for itself; what cannot be made is logged. */
export async function makeConntrackSettings(
  { conntrack }: Pick<AgentConfig, 'conntrack'>,
  sysctls: Sysctls,
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<boolean> {
  const module = openSysctls(CONNTRACK_MODULE);
  const { failed } = await applyConntrackSettings(conntrack, { sysctls, module, cpus: availableParallelism(), log });
  return failed.length === 0;
}

/**
 * The command `init`: every kernel setting that needs more than CAP_NET_ADMIN. The one for node ports on loopback is not among
 * them: it waits for the rule that guards 127.0.0.0/8.
 * @returns whether all of them are as wished
 */
export async function initKernel(config: AgentConfig, log: Logger): Promise<boolean> {
  const sysctls = openSysctls();
  const counters = await enableCounters(log, sysctls);
  const conntrack = await makeConntrackSettings(config, sysctls, log);
  log.info({ counters, conntrack }, 'kernel settings made');
  return counters !== 'unavailable' && conntrack;
}
