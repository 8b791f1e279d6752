import { defaultCompileOptions } from '@kubecity/ruleset';
import { describe, expect, it } from 'vitest';
import type { ProxyConfig } from '../src/config/agent-config.ts';
import { parseCommandLine } from '../src/config/command-line.ts';
import { loadConfig } from '../src/config/load.ts';
import { compileOptions } from '../src/rules/compile-options.ts';
import { type OwnNode, ownNodeOf } from '../src/rules/own-node.ts';
import { RuleOptions } from '../src/rules/rule-options.ts';

const PROXY: ProxyConfig = {
  clusterCIDRs: { IPv4: '10.244.0.0/16' },
  localDetect: { mode: 'clusterCIDR' },
  masqueradeAll: false,
  masqueradeMark: 0x4000,
  nodePortAddresses: [],
  localhostNodePorts: true,
  nodeIPs: [],
};
const NODE: OwnNode = ownNodeOf({
  metadata: { name: 'node-a', labels: { 'topology.kubernetes.io/zone': 'z1' } },
  spec: { podCIDR: '10.244.3.0/24', podCIDRs: ['10.244.3.0/24', 'fd00:244:3::/64', '10.9.0.0/24'] },
  status: {
    addresses: [
      { type: 'Hostname', address: 'node-a' },
      { type: 'ExternalIP', address: '203.0.113.5' },
      { type: 'InternalIP', address: '192.168.10.11' },
      { type: 'InternalIP', address: '2001:db8:0::11' },
    ],
  },
});
const of = (family: 'IPv4' | 'IPv6', more: Partial<ProxyConfig> = {}, node: OwnNode | undefined = NODE) =>
  compileOptions(family, { ...PROXY, ...more }, node, { tcpLiberal: false });

describe('what rules depend on', () => {
  it.each(['IPv4', 'IPv6'] as const)(
    'is the default where nothing is configured and no Node is known: %s',
    (family) => {
      const { proxy } = loadConfig(parseCommandLine([], {})).config;
      expect(compileOptions(family, proxy, undefined, { tcpLiberal: false })).toEqual(defaultCompileOptions(family));
    },
  );

  it('has one address a family, internal before external, unless the configuration gives one for that family', () => {
    expect([of('IPv4').nodeAddresses, of('IPv6').nodeAddresses]).toEqual([['192.168.10.11'], ['2001:db8::11']]);
    const given = { nodeIPs: ['10.0.0.7'] };
    expect([of('IPv4', given).nodeAddresses, of('IPv6', given).nodeAddresses]).toEqual([
      ['10.0.0.7'],
      ['2001:db8::11'],
    ]);
  });

  it('detects local clients by the first range of each family, and by nothing in a family without one', () => {
    expect(of('IPv4').localDetect).toEqual({ kind: 'cidr', cidr: '10.244.0.0/16' });
    expect(of('IPv6').localDetect).toEqual({ kind: 'none' });
    const nodeCIDR = { localDetect: { mode: 'nodeCIDR' } } as const;
    expect(of('IPv4', nodeCIDR).localDetect).toEqual({ kind: 'cidr', cidr: '10.244.3.0/24' });
    expect(of('IPv6', nodeCIDR).localDetect).toEqual({ kind: 'cidr', cidr: 'fd00:244:3::/64' });
    const bridge = { localDetect: { mode: 'bridgeInterface', bridgeInterface: 'cbr0' } } as const;
    expect(of('IPv6', bridge).localDetect).toEqual({ kind: 'bridge', name: 'cbr0' });
    const prefix = { localDetect: { mode: 'interfaceNamePrefix', interfaceNamePrefix: 'cali' } } as const;
    expect(of('IPv4', prefix).localDetect).toEqual({ kind: 'interfacePrefix', prefix: 'cali' });
  });

  it.each<[string[], string[], string[], boolean]>([
    [[], [], [], true],
    [['192.168.10.0/24'], ['192.168.10.0/24'], [], false],
    [['2001:db8::/64'], [], ['2001:db8::/64'], true],
    [['127.0.0.0/8', '192.168.10.0/24'], ['127.0.0.0/8', '192.168.10.0/24'], [], true],
    [['127.0.0.5/32'], ['127.0.0.5/32'], [], true],
    [['0.0.0.0/0'], ['0.0.0.0/0'], [], true],
    [['primary'], ['192.168.10.11/32'], ['2001:db8::11/128'], false],
  ])('node ports at %j: IPv4 %j, IPv6 %j, loopback %j', (nodePortAddresses, four, six, loopback) => {
    const options = of('IPv4', { nodePortAddresses });
    expect([options.nodePortAddresses, options.localhostNodePorts]).toEqual([four, loopback]);
    expect(of('IPv4', { nodePortAddresses, localhostNodePorts: false }).localhostNodePorts).toBe(false);
    const sixth = of('IPv6', { nodePortAddresses });
    expect([sixth.nodePortAddresses, sixth.localhostNodePorts]).toEqual([six, false]);
  });

  it('serves node ports nowhere while the primary address is not known', () => {
    const unknown = compileOptions('IPv4', { ...PROXY, nodePortAddresses: ['primary'] }, undefined, {
      tcpLiberal: false,
    });
    expect(unknown.nodePortAddresses).toEqual(['0.0.0.0/32']);
  });

  it('drops INVALID packets unless the kernel takes TCP liberally', () => {
    expect(of('IPv4').dropInvalid).toBe(true);
    expect(compileOptions('IPv4', PROXY, NODE, { tcpLiberal: true }).dropInvalid).toBe(false);
  });
});

describe('a Node or configuration that changes', () => {
  it('counts while the agent runs, in the families it concerns', () => {
    const told: string[] = [];
    const proxy: ProxyConfig = { ...PROXY, localDetect: { mode: 'nodeCIDR' }, nodePortAddresses: ['primary'] };
    const options = new RuleOptions(['IPv4', 'IPv6'], proxy, { tcpLiberal: false }, ({ family }) => told.push(family));
    expect(options.missing()).toContain('pod CIDR');
    options.setNode(NODE);
    expect(options.missing()).toBeUndefined();
    expect(told.splice(0)).toEqual(['IPv4', 'IPv6']);
    options.setNode({ ...NODE, zone: 'z2' });
    expect(told).toEqual([]);
    options.setNode({
      ...NODE,
      addresses: ['192.168.10.12', '2001:db8::11'],
      podCIDRs: ['10.244.3.0/24', 'fd00:244:3::/64'],
    });
    expect(told.splice(0)).toEqual(['IPv4']);
    expect(options.of('IPv4').nodePortAddresses).toEqual(['192.168.10.12/32']);
    options.setProxy({ ...proxy, masqueradeAll: true });
    expect(told).toEqual(['IPv4', 'IPv6']);
  });
});
