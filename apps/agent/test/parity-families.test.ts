import { existsSync } from 'node:fs';
import { NetfilterError } from '@kubecity/netfilter';
import { FakeNetfilter } from '@kubecity/netfilter/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { familiesHere } from '../src/host/families.ts';
import { openSysctls } from '../src/host/sysctl.ts';
import { SettingsTree } from './host/settings-tree.ts';

let tree: SettingsTree;
let warnings: number;
beforeEach(() => {
  tree = new SettingsTree();
  warnings = 0;
});
afterEach(() => tree.remove());

const families = (ipv6: FakeNetfilter) => familiesHere(openSysctls(tree.root), ipv6, { warn: () => warnings++ });
const BOTH = existsSync('/proc/net/if_inet6') ? ['IPv4', 'IPv6'] : ['IPv4'];

it('IPv6 is routed unless the kernel lacks it or has it switched off', async () => {
  expect(await families(new FakeNetfilter())).toEqual(['IPv4']);
  tree.set('net/ipv6/conf/all/disable_ipv6', 1);
  expect(await families(new FakeNetfilter())).toEqual(['IPv4']);
  tree.set('net/ipv6/conf/all/disable_ipv6', 0);
  expect(await families(new FakeNetfilter())).toEqual(BOTH);
  expect(warnings).toBe(0);
});

it.skipIf(BOTH.length < 2)(
  'without tools or tables for IPv6 it goes on with IPv4 and says so; other failures are told',
  async () => {
    tree.set('net/ipv6/conf/all/disable_ipv6', 0);
    for (const code of ['missing-tool', 'refused'] as const) {
      const ipv6 = new FakeNetfilter();
      ipv6.failNext(new NetfilterError('ip6tables-save', code, 'no IPv6 today'));
      expect(await families(ipv6)).toEqual(['IPv4']);
    }
    expect(warnings).toBe(2);
    const forbidden = new FakeNetfilter();
    forbidden.failNext(new NetfilterError('ip6tables-save', 'permission', 'not root'));
    await expect(families(forbidden)).rejects.toThrow('not root');
  },
);
