import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { kubeProxyConfiguration } from '../cases/kernel/kube-proxy-config.ts';
import { listsIn } from '../cases/kernel/kube-proxy-rules.ts';
import { readFigures } from '../testing/router-figures.ts';
import { casesOf } from './cases-files.ts';

const MAIN = fileURLToPath(new URL('../cases/main.ts', import.meta.url));
const [base] = casesOf('packet-flow.json').filter(({ id }) => id === 'masq-base');
if (!base) throw new Error('no case masq-base');

describe("a case's configuration in kube-proxy's words", () => {
  it('names the node, the ranges, and leaves conntrack settings alone', () => {
    const config = {
      ...base.config,
      masqueradeAll: true,
      nodePortAddresses: ['192.168.10.0/24'],
      localhostNodePorts: false,
    };
    expect(kubeProxyConfiguration({ ...base, config })).toMatchObject({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'iptables',
      hostnameOverride: 'node-a',
      detectLocalMode: 'ClusterCIDR',
      clusterCIDR: '10.244.0.0/16,fd00:244::/48',
      nodePortAddresses: ['192.168.10.0/24'],
      iptables: { masqueradeAll: true, localhostNodePorts: false },
      clientConnection: { contentType: 'application/json', acceptContentTypes: 'application/json' },
      conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    });
  });

  it.each([
    [{ mode: 'NodeCIDR', podCIDRs: ['10.244.1.0/24'] }, { detectLocalMode: 'NodeCIDR' }],
    [
      { mode: 'BridgeInterface', bridgeInterface: 'podbr0' },
      { detectLocalMode: 'BridgeInterface', detectLocal: { bridgeInterface: 'podbr0' } },
    ],
    [
      { mode: 'InterfaceNamePrefix', interfaceNamePrefix: 'cali' },
      { detectLocalMode: 'InterfaceNamePrefix', detectLocal: { interfaceNamePrefix: 'cali' } },
    ],
    [{ mode: 'None' }, { detectLocalMode: 'ClusterCIDR', clusterCIDR: '' }],
  ] as const)('knows the ways to tell pods: %o', (localDetect, expected) => {
    const detect = localDetect as (typeof base)['config']['localDetect'];
    expect(kubeProxyConfiguration({ ...base, config: { ...base.config, localDetect: detect } })).toMatchObject(
      expected,
    );
  });
});

describe('figures of kube-proxy', () => {
  const line = (name: string, labels: string, value: string) => `kubeproxy_sync_proxy_rules_${name}${labels} ${value}`;

  it('are summed over the families of a version that tells them apart, and read as they are from one that does not', () => {
    const of = (labels: readonly string[]) =>
      labels
        .flatMap((label, i) => [
          line('duration_seconds_count', label, String(i + 1)),
          line('duration_seconds_sum', label, `${i + 1}.25`),
          line('last_timestamp_seconds', label, `1.7953899848${i}e+09`),
          line('last_queued_timestamp_seconds', label, '1.795389984e+09'),
          line('iptables_restore_failures_total', label, '1'),
          line('iptables_total', label.replace('}', ',table="nat"}'), '40'),
          line('iptables_total', label.replace('}', ',table="filter"}'), '2'),
        ])
        .join('\n');
    const pending = [line('endpoint_changes_pending', '', '3'), line('service_changes_pending', '', '1')].join('\n');
    const both = `${of(['{ip_family="IPv4"}', '{ip_family="IPv6"}'])}\n${pending}`;
    expect(readFigures(both)).toEqual({
      syncs: 3,
      seconds: 3.5,
      ended: 1_795_389_984.81,
      queued: 1_795_389_984,
      pending: 4,
      failures: 2,
      rules: 84,
    });
    expect(readFigures(both, 'IPv6')).toEqual({
      syncs: 1,
      seconds: 1.25,
      ended: 1_795_389_984.8,
      queued: 1_795_389_984,
      pending: 4,
      failures: 1,
      rules: 42,
    });
    expect(readFigures(of(['']))).toMatchObject({ syncs: 1, pending: 0, failures: 1 });
  });

  it('are zero before it has said any', () => {
    expect(readFigures('')).toEqual({
      syncs: 0,
      seconds: 0,
      ended: 0,
      queued: 0,
      pending: 0,
      failures: 0,
      rules: 0,
    });
  });
});

describe('lists of session affinity', () => {
  it('are found by the service port and endpoint in the comments of the rules', () => {
    const rule = (chain: string, key: string, list: string) =>
      `-A ${chain} -m comment --comment "${key}" -m recent --rcheck --seconds 600 --reap --name ${list} --mask 255.255.255.255 --rsource -j ${list}`;
    const rules = [
      rule('KUBE-SVC-A', 'demo/web:http -> 10.244.1.5:8080', 'KUBE-SEP-1'),
      rule('KUBE-SVL-A', 'demo/web:http -> 10.244.1.5:8080', 'KUBE-SEP-1'),
      rule('KUBE-SVC-B', 'demo/plain -> [fd00::5]:8080', 'KUBE-SEP-2'),
      '-A KUBE-SVC-A -m comment --comment "demo/web:http -> 10.244.1.5:8080" -j KUBE-SEP-1',
    ];
    expect([...listsIn(rules.join('\n'))]).toEqual([
      ['demo/web:http -> 10.244.1.5:8080', new Set(['KUBE-SEP-1'])],
      ['demo/plain -> [fd00::5]:8080', new Set(['KUBE-SEP-2'])],
    ]);
  });
});

describe('the command', () => {
  it.each([
    [['--kube-proxy', '/none', '--random', '1'], /^\/none is not kube-proxy: .*ENOENT/],
    [['--kube-proxy', process.execPath, '--random', '1'], /is not kube-proxy: it says "v\d/],
    [['--random', 'x'], /a seed is a whole number/],
  ])('ends with 2 for %o', (args, message) => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});
