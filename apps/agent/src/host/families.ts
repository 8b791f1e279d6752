import { access } from 'node:fs/promises';
import { type Netfilter, NetfilterError } from '@kubecity/netfilter';
import type { Family } from '@kubecity/routing';
import type { Logger } from 'pino';
import { SysctlError, type Sysctls } from './sysctl.ts';

/**
 * Families this network namespace speaks and has rules for. IPv6 may be compiled out or switched off, and its tools or
 * tables may be missing: then IPv4 goes alone, with a word in the log. Without IPv4 there is nothing to do: its errors are
 * told by every sync.
 */
export async function familiesHere(
  sysctls: Sysctls,
  ipv6: Pick<Netfilter, 'save'>,
  log: Pick<Logger, 'warn'>,
): Promise<readonly Family[]> {
  if (!(await speaksIPv6(sysctls))) return ['IPv4'];
  try {
    await ipv6.save('nat');
    await ipv6.save('filter');
    return ['IPv4', 'IPv6'];
  } catch (err) {
    if (!(err instanceof NetfilterError) || !(err.code === 'missing-tool' || err.code === 'refused')) throw err;
    log.warn({ err }, 'no rules for IPv6 here: Services are routed over IPv4 alone');
    return ['IPv4'];
  }
}

async function speaksIPv6(sysctls: Sysctls): Promise<boolean> {
  try {
    await access('/proc/net/if_inet6');
    return (await sysctls.read('net/ipv6/conf/all/disable_ipv6')) === '0';
  } catch (error) {
    const absent = error instanceof SysctlError ? error.code === 'absent' : codeOf(error) === 'ENOENT';
    if (absent) return false;
    throw error;
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
