import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { applyConntrackSettings, CONNTRACK_MODULE, tcpIsLiberal } from '../../src/host/conntrack-sysctls.ts';
import { routeLoopback } from '../../src/host/route-localnet.ts';
import { openSysctls } from '../../src/host/sysctl.ts';
import { tool } from '../lab/lab.ts';

const sysctls = openSysctls();
const kernel = (name: string) => readFileSync(`/proc/sys/${name}`, 'utf8').trim();

test('settings of this network namespace take effect in the kernel', async () => {
  // A rule that uses conntrack loads it.
  tool('iptables -t nat -N LOAD');
  const doors = { sysctls, module: openSysctls(CONNTRACK_MODULE), cpus: 2, log: { info: vi.fn(), warn: vi.fn() } };
  const settings = { udpTimeoutSeconds: 11, udpStreamTimeoutSeconds: 91, tcpBeLiberal: true };
  expect(await tcpIsLiberal(sysctls)).toBe(false);
  expect((await applyConntrackSettings(settings, doors)).failed).toEqual([]);
  expect(kernel('net/netfilter/nf_conntrack_udp_timeout')).toBe('11');
  expect(kernel('net/netfilter/nf_conntrack_udp_timeout_stream')).toBe('91');
  expect(await tcpIsLiberal(sysctls)).toBe(true);
  await routeLoopback(sysctls);
  expect(kernel('net/ipv4/conf/all/route_localnet')).toBe('1');
});

test('the size of the table is not for this namespace to say, and the error says so', async () => {
  await expect(sysctls.ensure('net/netfilter/nf_conntrack_max', 4_242)).rejects.toMatchObject({
    setting: 'net/netfilter/nf_conntrack_max',
    code: 'readOnly',
  });
});

test('a value that the kernel does not take is refused by name', async () => {
  await expect(sysctls.ensure('net/netfilter/nf_conntrack_tcp_be_liberal', 300)).rejects.toMatchObject({
    setting: 'net/netfilter/nf_conntrack_tcp_be_liberal',
    code: 'refused',
  });
});
