import { expect, test } from 'vitest';
import { SysctlError, type Sysctls } from '../../src/host/sysctl.ts';
import { setSwitches } from '../../src/routes/switches.ts';

function settings(values: Record<string, string>, readOnly: string[] = []) {
  const written: string[] = [];
  const sysctls: Sysctls = {
    read: async (name) => {
      const value = values[name];
      if (value === undefined) throw new SysctlError(name, 'absent', 'there is none');
      return value;
    },
    ensure: async (name, value) => {
      if ((await sysctls.read(name)) === String(value)) return 'same';
      if (readOnly.includes(name)) throw new SysctlError(name, 'readOnly', `is ${values[name]} and cannot be set`);
      values[name] = String(value);
      written.push(`${name}=${value}`);
      return 'written';
    },
  };
  return { sysctls, written };
}

const FORWARDING = { 'net/ipv4/ip_forward': '0', 'net/ipv6/conf/all/forwarding': '0' };

test('an uplink goes on listening to router advertisements, and does so before the node is a router', async () => {
  const { sysctls, written } = settings({ ...FORWARDING, 'net/ipv6/conf/eth0/accept_ra': '1' });
  expect(await setSwitches(sysctls, { families: ['IPv4', 'IPv6'], advertised: ['eth0'], tunnels: [] })).toEqual([]);
  expect(written).toEqual([
    'net/ipv6/conf/eth0/accept_ra=2',
    'net/ipv4/ip_forward=1',
    'net/ipv6/conf/all/forwarding=1',
  ]);
});

test('tunnels take what comes from an uplink, and no advertisements', async () => {
  const { sysctls, written } = settings({
    ...{ 'net/ipv4/ip_forward': '1', 'net/ipv6/conf/all/forwarding': '1' },
    ...{ 'net/ipv4/conf/city-vxlan4/rp_filter': '1', 'net/ipv6/conf/city-vxlan4/accept_ra': '1' },
  });
  await setSwitches(sysctls, { families: ['IPv4', 'IPv6'], advertised: [], tunnels: ['city-vxlan4'] });
  expect(written).toEqual(['net/ipv4/conf/city-vxlan4/rp_filter=2', 'net/ipv6/conf/city-vxlan4/accept_ra=0']);
});

test('a family that has no pods is left alone; one switch that cannot be set is told and spoils no other', async () => {
  const values = { ...FORWARDING, 'net/ipv4/conf/city-vxlan4/rp_filter': '0' };
  const { sysctls, written } = settings(values, ['net/ipv4/ip_forward']);
  const faults = await setSwitches(sysctls, { families: ['IPv4'], advertised: ['eth0'], tunnels: ['city-vxlan4'] });
  expect(faults).toEqual([expect.stringContaining('net/ipv4/ip_forward')]);
  expect(written).toEqual(['net/ipv4/conf/city-vxlan4/rp_filter=2']);
});
