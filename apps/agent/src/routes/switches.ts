import type { Family } from '@kubecity/routing';
import { SysctlError, type Sysctls } from '../host/sysctl.ts';

export interface SwitchesWanted {
  readonly families: readonly Family[];
  /** Devices whose IPv6 routes come from router advertisements, which a router does not listen to unless told. */
  readonly advertised: readonly string[];
  /** Devices of ours that encapsulate. */
  readonly tunnels: readonly string[];
}

const FORWARDING = { IPv4: 'net/ipv4/ip_forward', IPv6: 'net/ipv6/conf/all/forwarding' } as const;

/**
 * Makes the kernel pass packets on between pods and nodes. Each switch for itself; returns why those that are not as they must be
 * cannot be, in words.
 */
export async function setSwitches(
  sysctls: Sysctls,
  { families, advertised, tunnels }: SwitchesWanted,
): Promise<string[]> {
  const wanted: [name: string, value: number][] = [];
  // Before forwarding: the kernel drops the routes of an uplink that must not listen any more.
  if (families.includes('IPv6')) wanted.push(...advertised.map((device) => acceptAdvertisements(device, 2)));
  wanted.push(...families.map((family): [string, number] => [FORWARDING[family], 1]));
  for (const tunnel of tunnels) {
    // A node answers from the address of its uplink: loose, and it wins over a strict `all`.
    wanted.push([`net/ipv4/conf/${tunnel}/rp_filter`, 2]);
    if (families.includes('IPv6')) wanted.push(acceptAdvertisements(tunnel, 0));
  }
  const faults: string[] = [];
  for (const [name, value] of wanted) {
    try {
      await sysctls.ensure(name, value);
    } catch (error) {
      if (!(error instanceof SysctlError)) throw error;
      faults.push(error.message);
    }
  }
  return faults;
}

/** A dot in the name of a device stands as it is in a path. */
const acceptAdvertisements = (device: string, value: number): [string, number] => [
  `net/ipv6/conf/${device}/accept_ra`,
  value,
];
