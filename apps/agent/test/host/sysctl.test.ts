import { afterAll, expect, test } from 'vitest';
import { routeLoopback } from '../../src/host/route-localnet.ts';
import { openSysctls } from '../../src/host/sysctl.ts';
import { SettingsTree } from './settings-tree.ts';

const tree = new SettingsTree();
const sysctls = openSysctls(tree.root);
afterAll(() => tree.remove());

test('writes what differs, and only that', async () => {
  tree.set('net/a', 5);
  expect(await sysctls.ensure('net/a', 5)).toBe('same');
  expect(tree.wasWritten('net/a')).toBe(false);
  expect(await sysctls.ensure('net/a', 6)).toBe('written');
  expect(tree.get('net/a')).toBe('6');
  expect(await sysctls.read('net/a')).toBe('6');
});

test('names the setting that is not there', async () => {
  const absent = { name: 'SysctlError', setting: 'net/none', code: 'absent' };
  await expect(sysctls.read('net/none')).rejects.toMatchObject(absent);
  await expect(sysctls.ensure('net/none', 1)).rejects.toMatchObject(absent);
});

test('names the setting, both values and the way out when it is read-only', async () => {
  tree.setReadOnly('net/fixed');
  expect(await sysctls.ensure('net/fixed', 'Linux')).toBe('same');
  await expect(sysctls.ensure('net/fixed', 3)).rejects.toMatchObject({
    code: 'readOnly',
    message: expect.stringMatching(/^net\/fixed: is Linux and cannot be set to 3: .*set it on the host/),
  });
});

test('loopback is routed on demand, once', async () => {
  tree.set('net/ipv4/conf/all/route_localnet', 0);
  expect(await routeLoopback(sysctls)).toBe('written');
  expect(await routeLoopback(sysctls)).toBe('same');
  expect(tree.get('net/ipv4/conf/all/route_localnet')).toBe('1');
});
