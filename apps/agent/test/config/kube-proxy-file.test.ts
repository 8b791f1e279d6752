import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/config/command-line.ts';
import { goDuration } from '../../src/config/go-duration.ts';
import { loadConfig } from '../../src/config/load.ts';

const HEAD = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n';
const kubeadm = readFileSync(new URL('../../testdata/kube-proxy-kubeadm.yaml', import.meta.url), 'utf8');

const load = (text: string) =>
  loadConfig(parseCommandLine(['--kube-proxy-config', 'kp'], {}), { hostname: () => 'host', readFile: () => text });

describe("kube-proxy's file", () => {
  it("of kubeadm brings kube-proxy's defaults and nothing that is not taken", () => {
    const { config, notTaken } = load(kubeadm);
    expect(config).toMatchObject({
      nodeName: 'host',
      kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf',
      proxy: {
        clusterCIDRs: { IPv4: '10.244.0.0/16' },
        localDetect: { mode: 'clusterCIDR' },
        masqueradeMark: 0x2000,
        nodePortAddresses: [],
        localhostNodePorts: true,
        nodeIPs: [],
      },
      conntrack: {
        maxPerCore: 32_768,
        min: 131_072,
        tcpEstablishedTimeoutSeconds: 86_400,
        tcpCloseWaitTimeoutSeconds: 3600,
      },
      health: { host: '0.0.0.0', port: 10256 },
      metrics: { host: '127.0.0.1', port: 10249 },
      minSyncMs: 1000,
      syncPeriodMs: 30_000,
    });
    expect(notTaken).toEqual([]);
  });

  it('may be given in its ConfigMap', () => {
    const map = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data: { 'config.conf': kubeadm, 'kubeconfig.conf': '' },
    });
    expect(load(map).config).toEqual(load(kubeadm).config);
    expect(() => load('kind: ConfigMap\ndata: { x: y }\n')).toThrow('kp: data["config.conf"]: absent');
  });

  it('is taken wherever the meaning is the same', () => {
    const { config, notTaken } = load(`${HEAD}
hostnameOverride: Node-B
bindAddress: "fd00::a"
bindAddressHardFail: true
clusterCIDR: 10.0.0.0/8,fd00::/48
detectLocalMode: InterfaceNamePrefix
detectLocal: { interfaceNamePrefix: veth }
nodePortAddresses: [192.168.0.0/16]
enableProfiling: true
featureGates: { AllowServiceExternalIPs: false }
healthzBindAddress: 10.1.2.3
metricsBindAddress: 127.0.0.1
iptables: { masqueradeAll: true, masqueradeBit: 0, minSyncPeriod: 250ms, syncPeriod: 1m0s, localhostNodePorts: false }
conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 1h30m, tcpBeLiberal: true, udpTimeout: 45s, udpStreamTimeout: 2m0s }
`);
    expect(config).toMatchObject({
      nodeName: 'node-b',
      bindAddressHardFail: true,
      allowExternalIPs: false,
      profiling: true,
      minSyncMs: 250,
      syncPeriodMs: 60_000,
      health: { host: '10.1.2.3', port: 10256 },
      metrics: { host: '127.0.0.1', port: 10249 },
      proxy: {
        clusterCIDRs: { IPv4: '10.0.0.0/8', IPv6: 'fd00::/48' },
        localDetect: { mode: 'interfaceNamePrefix', interfaceNamePrefix: 'veth' },
        masqueradeAll: true,
        masqueradeMark: 1,
        nodePortAddresses: ['192.168.0.0/16'],
        localhostNodePorts: false,
        nodeIPs: ['fd00::a'],
      },
    });
    expect(config.conntrack).toEqual({
      tcpCloseWaitTimeoutSeconds: 5400,
      tcpBeLiberal: true,
      udpTimeoutSeconds: 45,
      udpStreamTimeoutSeconds: 120,
    });
    expect(notTaken).toEqual([]);
  });

  it('with an IPv6 bindAddress listens on IPv6', () => {
    const { config } = load(`${HEAD}bindAddress: "::"\n`);
    expect([config.health, config.metrics, config.proxy.nodeIPs]).toEqual([
      { host: '::', port: 10256 },
      { host: '::1', port: 10249 },
      [],
    ]);
  });

  it('of the nftables mode has a section and node port defaults of its own', () => {
    const { config, notTaken } = load(
      `${HEAD}mode: nftables\nnftables: { masqueradeBit: 15, syncPeriod: 5s }\niptables: { masqueradeBit: 14 }\n`,
    );
    expect(config.proxy).toMatchObject({ masqueradeMark: 0x8000, nodePortAddresses: ['primary'] });
    expect(config.syncPeriodMs).toBe(5000);
    expect(notTaken.map(({ path }) => path).sort()).toEqual(['iptables.masqueradeBit', 'mode']);
  });

  it('names what is not taken, and why', () => {
    const { config, notTaken } = load(`${HEAD}
mode: ipvs
ipvs: { scheduler: rr, strictARP: true, syncPeriod: 10s }
winkernel: { enableDSR: true }
featureGates: { SomeGate: true, OtherGate: false, ComponentStatusz: true, MultiCIDRServiceAllocator: true }
clientConnection: { qps: 5 }
metricsBindAddress: 0.0.0.0:10249
madeUp: 1
iptables: { madeUp: true }
`);
    expect(Object.fromEntries(notTaken.map(({ path, reason }) => [path, reason]))).toEqual({
      mode: 'routing is done with iptables, whatever did it before',
      'ipvs.scheduler': 'nothing here uses IPVS',
      'ipvs.strictARP': 'nothing here uses IPVS',
      'winkernel.enableDSR': 'Windows only',
      'featureGates.SomeGate': 'no gate but AllowServiceExternalIPs is read',
      'featureGates.OtherGate': 'no gate but AllowServiceExternalIPs is read',
      'clientConnection.qps': 'watches need no limit on requests',
      metricsBindAddress: 'metrics are not authenticated, so they are served on a loopback address only',
      madeUp: 'kube-proxy has no such field',
      'iptables.madeUp': 'kube-proxy has no such field',
    });
    expect(config.syncPeriodMs).toBe(10_000);
    expect(config.metrics).toEqual({ host: '127.0.0.1', port: 10249 });
  });

  it.each([
    ['apiVersion: v1\nkind: KubeProxyConfiguration\n', 'kp: apiVersion: "v1": not kubeproxy.config.k8s.io/v1alpha1'],
    [HEAD.replace('KubeProxy', 'Kubelet'), 'kp: kind: "KubeletConfiguration": not KubeProxyConfiguration'],
    [`${HEAD}mode: userspace\n`, 'kp: mode: "userspace": not one of iptables, ipvs, nftables'],
    [`${HEAD}iptables: { masqueradeBit: 32 }\n`, 'kp: iptables.masqueradeBit: 32: not 0..31'],
    [`${HEAD}iptables: { syncPeriod: 30 }\n`, 'kp: iptables.syncPeriod: 30: not a duration such as 30s'],
    [`${HEAD}iptables: { minSyncPeriod: 1m }\n`, 'kp: iptables.minSyncPeriod: 60000: more than syncPeriodMs, 30000'],
    [`${HEAD}clusterCIDR: 10.0.0.0\n`, 'kp: clusterCIDR: "10.0.0.0": not a range'],
    [
      `${HEAD}nodePortAddresses: [primary, 10.0.0.0/8]\n`,
      'kp: nodePortAddresses: ["primary","10.0.0.0/8"]: primary stands alone',
    ],
    [
      `${HEAD}featureGates: { AllowServiceExternalIPs: maybe }\n`,
      'kp: featureGates.AllowServiceExternalIPs: "maybe": neither true nor false',
    ],
    [`${HEAD}detectLocalMode: Guess\n`, 'kp: detectLocalMode: "Guess": not one of ClusterCIDR, NodeCIDR'],
    [`${HEAD}healthzBindAddress: nowhere\n`, 'kp: healthzBindAddress: "nowhere": not host:port'],
    [`${HEAD}bindAddress: nowhere\n`, 'kp: bindAddress: "nowhere": not an IP address'],
  ])('is refused: %j', (text, message) => {
    expect(() => load(text)).toThrow(message);
  });
});

it.each([
  ['30s', 30_000],
  ['1h0m0s', 3_600_000],
  ['1.5s', 1500],
  ['100ms', 100],
  ['0', 0],
  ['-1m30s', -90_000],
  ['30', undefined],
  ['1d', undefined],
  ['', undefined],
])('a Go duration: %j', (text, milliseconds) => {
  expect(goDuration(text)).toBe(milliseconds);
});
