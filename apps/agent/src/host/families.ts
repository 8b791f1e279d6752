import { access } from 'node:fs/promises';
import type { Family } from '@kubecity/routing';
import { SysctlError, type Sysctls } from './sysctl.ts';

/** Families this network namespace speaks: IPv6 may be compiled out or switched off. */
export async function familiesHere(sysctls: Sysctls): Promise<readonly Family[]> {
  return (await speaksIPv6(sysctls)) ? ['IPv4', 'IPv6'] : ['IPv4'];
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
