import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  applyConntrackSettings,
  type ConntrackSettings,
  tcpIsLiberal,
  wantedMax,
} from '../../src/host/conntrack-sysctls.ts';
import { openSysctls } from '../../src/host/sysctl.ts';
import { SettingsTree } from './settings-tree.ts';

const DEFAULTS = {
  nf_conntrack_max: 262_144,
  nf_conntrack_tcp_timeout_established: 432_000,
  nf_conntrack_tcp_timeout_close_wait: 60,
  nf_conntrack_tcp_be_liberal: 0,
  nf_conntrack_udp_timeout: 30,
  nf_conntrack_udp_timeout_stream: 120,
};
const name = (setting: string) => `net/netfilter/${setting}`;

let tree: SettingsTree;
let module: SettingsTree;
const log = { info: vi.fn(), warn: vi.fn() };

beforeEach(() => {
  vi.clearAllMocks();
  tree = new SettingsTree();
  module = new SettingsTree();
  for (const [setting, value] of Object.entries(DEFAULTS)) tree.set(name(setting), value);
  module.set('hashsize', 65_536);
});
afterEach(() => {
  tree.remove();
  module.remove();
});

const apply = (settings: ConntrackSettings) =>
  applyConntrackSettings(settings, {
    sysctls: openSysctls(tree.root),
    module: openSysctls(module.root),
    cpus: 16,
    log,
  });

describe('the size of the table', () => {
  test.each<[string, ConntrackSettings, number | undefined]>([
    ['nothing said', {}, undefined],
    ['0 leaves it alone', { maxPerCore: 0 }, undefined],
    ['0 leaves it alone, whatever the least', { maxPerCore: 0, min: 131_072 }, undefined],
    ['by CPUs', { maxPerCore: 32_768 }, 524_288],
    ['the least wins over few CPUs', { maxPerCore: 100, min: 131_072 }, 131_072],
    ['only a least', { min: 131_072 }, 131_072],
    ['by CPUs, capped', { maxPerCore: 100_000, min: 131_072 }, 1_048_576],
    ['a least beyond the cap is meant', { maxPerCore: 100_000, min: 2_000_000 }, 2_000_000],
  ])('%s', (_what, settings, max) => {
    expect(wantedMax(settings, 16)).toBe(max);
  });
});

test('nothing is touched that nobody asked for', async () => {
  for (const settings of [{}, { maxPerCore: 0, udpTimeoutSeconds: 0, tcpBeLiberal: false }]) {
    expect(await apply(settings)).toEqual({ written: [], failed: [] });
  }
  for (const setting of Object.keys(DEFAULTS)) expect(tree.wasWritten(name(setting)), setting).toBe(false);
  expect(module.wasWritten('hashsize')).toBe(false);
  expect(log.info).not.toHaveBeenCalled();
});

test('all that is asked for is written, once', async () => {
  const settings: ConntrackSettings = {
    ...{ maxPerCore: 32_768, min: 131_072, tcpBeLiberal: true },
    ...{ tcpEstablishedTimeoutSeconds: 86_400, tcpCloseWaitTimeoutSeconds: 3_600 },
    ...{ udpTimeoutSeconds: 10, udpStreamTimeoutSeconds: 90 },
  };
  expect(await apply(settings)).toEqual({
    failed: [],
    written: [
      'net/netfilter/nf_conntrack_max=524288',
      'hashsize=131072',
      'net/netfilter/nf_conntrack_tcp_timeout_established=86400',
      'net/netfilter/nf_conntrack_tcp_timeout_close_wait=3600',
      'net/netfilter/nf_conntrack_tcp_be_liberal=1',
      'net/netfilter/nf_conntrack_udp_timeout=10',
      'net/netfilter/nf_conntrack_udp_timeout_stream=90',
    ],
  });
  expect(module.get('hashsize')).toBe('131072');
  expect(await apply(settings)).toEqual({ written: [], failed: [] });
  expect(log.info).toHaveBeenCalledTimes(1);
});

test('buckets are raised, never taken away', async () => {
  module.set('hashsize', 999_999);
  expect((await apply({ maxPerCore: 1_000 })).written).toEqual(['net/netfilter/nf_conntrack_max=16000']);
  expect(module.get('hashsize')).toBe('999999');
});

test('what cannot be done is told by name and the rest is done', async () => {
  tree.remove();
  tree.setReadOnly(name('nf_conntrack_max'));
  tree.set(name('nf_conntrack_udp_timeout'), 30);
  module.remove();
  const { written, failed } = await apply({ min: 131_072, udpTimeoutSeconds: 10, udpStreamTimeoutSeconds: 90 });
  expect(written).toEqual(['net/netfilter/nf_conntrack_udp_timeout=10']);
  expect(failed.map(({ setting, code }) => [setting, code])).toEqual([
    ['net/netfilter/nf_conntrack_max', 'readOnly'],
    ['hashsize', 'absent'],
    ['net/netfilter/nf_conntrack_udp_timeout_stream', 'absent'],
  ]);
  expect(failed[0]?.message).toMatch(/^net\/netfilter\/nf_conntrack_max: is Linux .*own network namespace/);
  expect(log.warn).toHaveBeenCalledTimes(3);
});

test('whether TCP is liberal is read; without conntrack it is not', async () => {
  const sysctls = openSysctls(tree.root);
  expect(await tcpIsLiberal(sysctls)).toBe(false);
  tree.set(name('nf_conntrack_tcp_be_liberal'), 1);
  expect(await tcpIsLiberal(sysctls)).toBe(true);
  expect(await tcpIsLiberal(openSysctls(`${tree.root}/none`))).toBe(false);
});
