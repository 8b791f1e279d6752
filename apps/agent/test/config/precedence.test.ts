import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/agent-config.ts';
import { parseCommandLine } from '../../src/config/command-line.ts';
import { loadConfig } from '../../src/config/load.ts';
import { effectiveConfigText, effectiveFlags } from '../../src/config/report.ts';

type Files = Readonly<Record<string, string>>;

function load(argv: readonly string[], environment: NodeJS.ProcessEnv = {}, files: Files = {}) {
  return loadConfig(parseCommandLine(argv, environment), {
    hostname: () => ' Node-A\n',
    readFile: (file) => {
      const text = files[file];
      if (text === undefined) throw new Error(`ENOENT: ${file}`);
      return text;
    },
  });
}

function faults(argv: readonly string[], environment: NodeJS.ProcessEnv = {}, files: Files = {}): readonly string[] {
  try {
    load(argv, environment, files);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

const KUBE_PROXY = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n';

describe('the configuration', () => {
  it('is complete without any source', () => {
    const { config, origins } = load([]);
    expect(config).toEqual({
      nodeName: 'node-a',
      mode: 'replace',
      takeOver: false,
      isolation: 'off',
      isolationRefusal: 'reject',
      isolationOwnNode: 'exempt',
      leaseSeconds: 15,
      iptablesFlavour: 'auto',
      proxy: {
        clusterCIDRs: {},
        localDetect: { mode: 'clusterCIDR' },
        masqueradeAll: false,
        masqueradeMark: 0x2000,
        nodePortAddresses: [],
        localhostNodePorts: true,
        nodeIPs: [],
      },
      allowExternalIPs: true,
      conntrack: {},
      health: { host: '127.0.0.1', port: 10256 },
      metrics: { host: '127.0.0.1', port: 10249 },
      profiling: false,
      bindAddressHardFail: false,
      logLevel: 'info',
      minSyncMs: 100,
      syncPeriodMs: 30_000,
      checkMs: 5_000,
      accountingMs: 1000,
      accountingCpuPercent: 2,
      accountingDirect: true,
      routes: 'off',
      vxlanId: 4242,
      vxlanPort: 4789,
    });
    expect(origins.get('nodeName')).toBe("the host's name");
  });

  it('is taken from the strongest source, setting by setting', () => {
    const files = {
      'k.yaml': `${KUBE_PROXY}iptables: { masqueradeBit: 3, minSyncPeriod: 7s, syncPeriod: 8s }\nclusterCIDR: 10.1.0.0/16\n`,
      'c.yaml': 'masqueradeMark: 0x10\nminSyncMs: 30\nclusterCIDR: [10.2.0.0/16, "fd00::/56"]\n',
    };
    const { config, origins } = load(
      ['--config', 'c.yaml', '--kube-proxy-config', 'k.yaml', '--cluster-cidr', '10.4.0.0/16'],
      { KUBECITY_MIN_SYNC_MS: '40', KUBECITY_CLUSTER_CIDR: '10.3.0.0/16' },
      files,
    );
    expect(config.proxy.clusterCIDRs).toEqual({ IPv4: '10.4.0.0/16' });
    expect([config.minSyncMs, config.proxy.masqueradeMark, config.syncPeriodMs, config.checkMs]).toEqual([
      40, 0x10, 8000, 5_000,
    ]);
    expect(
      ['clusterCIDR', 'minSyncMs', 'masqueradeMark', 'syncPeriodMs', 'checkMs'].map((path) => origins.get(path)),
    ).toEqual([
      '--cluster-cidr',
      'KUBECITY_MIN_SYNC_MS',
      'c.yaml: masqueradeMark',
      'k.yaml: iptables.syncPeriod',
      'default',
    ]);
  });

  it('takes addresses in any spelling and keeps them canonical', () => {
    const { proxy } = load([
      '--cluster-cidr',
      '10.244.3.7/16, FD00:0::1/56',
      '--node-ips=192.168.010.1,2001:DB8:0::1',
      '--node-port-addresses',
      'primary',
    ]).config;
    expect(proxy.clusterCIDRs).toEqual({ IPv4: '10.244.0.0/16', IPv6: 'fd00::/56' });
    expect(proxy.nodeIPs).toEqual(['192.168.10.1', '2001:db8::1']);
    expect(proxy.nodePortAddresses).toEqual(['primary']);
  });

  it('reads JSON as well, and a switch in every form', () => {
    const files = {
      'c.json': '{"masqueradeAll": true, "localDetect": {"mode": "bridgeInterface", "bridgeInterface": "cni0"}}',
    };
    expect(load(['--config', 'c.json'], {}, files).config.proxy).toMatchObject({
      masqueradeAll: true,
      localDetect: { mode: 'bridgeInterface', bridgeInterface: 'cni0' },
    });
    const all = (argv: string[], environment: NodeJS.ProcessEnv = {}) =>
      load(['--config', 'c.json', ...argv], environment, files).config.proxy.masqueradeAll;
    expect(all(['--masquerade-all=false'])).toBe(false);
    expect(all([], { KUBECITY_MASQUERADE_ALL: 'false' })).toBe(false);
    expect(load(['--masquerade-all']).config.proxy.masqueradeAll).toBe(true);
  });

  it('leaves what conntrack settings say zero to, and forgets fields of another detection mode', () => {
    const { conntrack, proxy } = load([
      '--conntrack-max-per-core',
      '0',
      '--conntrack-udp-timeout-seconds',
      '60',
      '--local-detect-bridge-interface',
      'cni0',
    ]).config;
    expect(conntrack).toEqual({ udpTimeoutSeconds: 60 });
    expect(proxy.localDetect).toEqual({ mode: 'clusterCIDR' });
  });

  it('reaches the API by the strongest word for it', () => {
    const files = { 'c.yaml': 'kubeconfig: /k\n' };
    const loaded = load(['--config', 'c.yaml', '--kube-socket', '/s'], {}, files);
    expect([loaded.config.kubeSocket, loaded.config.kubeconfig]).toEqual(['/s', undefined]);
    expect(effectiveConfigText(loaded)).not.toContain('kubeconfig');
    expect(faults(['--kubeconfig', '/k', '--kube-socket', '/s'])).toEqual(['--kube-socket: contradicts --kubeconfig']);
  });

  it('knows where the token of the dashboard is, and by what it is known; neither shows in the settings', () => {
    const loaded = load(['--hub', 'unix:/h', '--hub-token-file', 't'], {}, { t: 'secret\n' });
    expect(loaded.config).toMatchObject({ hub: { socketPath: '/h' }, hubTokenFile: 't' });
    expect([...loaded.files.keys()]).toEqual([]);
    const remote = ['--hub', 'https://h:1', '--hub-token-file', 't'];
    const trust = (...more: string[]) => load([...remote, ...more], {}, { t: 'secret\n' }).config.hubTrust;
    expect(trust()).toBeUndefined();
    expect(trust('--hub-ca-file', 'c.pem')).toEqual({ file: 'c.pem' });
    expect(trust('--hub-ca-config-map', 'kubecity/ca')).toEqual({ configMap: { namespace: 'kubecity', name: 'ca' } });
    expect(effectiveConfigText(loaded)).not.toContain('secret');
  });

  it('can switch its listeners off', () => {
    const { config } = load(['--health-listen', 'off', '--metrics-listen', 'off']);
    expect([config.health, config.metrics]).toEqual([undefined, undefined]);
    expect(load(['--health-listen', '[::]:10256']).config.health).toEqual({ host: '::', port: 10256 });
  });
});

describe('a wrong configuration', () => {
  it('names file, field, value and what was expected', () => {
    const text =
      'clusterCIDR: [10.0.0.0/8, 10.0.0.0]\nconntrack: { udpTimeout: 3 }\nmasqueradeMark: 3\nlogLevel: loud\n';
    expect(faults(['--config', '/etc/c.yaml'], {}, { '/etc/c.yaml': text })).toEqual([
      '/etc/c.yaml: clusterCIDR[1]: "10.0.0.0": not a range such as 10.244.0.0/16 or fd00:10::/56',
      '/etc/c.yaml: masqueradeMark: 3: not exactly one bit of 32, such as 0x2000',
      '/etc/c.yaml: conntrack.udpTimeout: there is no such setting',
      expect.stringMatching(/^\/etc\/c\.yaml: logLevel: "loud": /),
    ]);
  });

  it('tells the faults of all sources at once', () => {
    expect(faults(['--node-ips', '0.0.0.0'], { KUBECITY_CHECK_MS: 'soon' })).toEqual([
      'KUBECITY_CHECK_MS: "soon": not a whole number from 10 to 86400000',
      '--node-ips: "0.0.0.0": not an IP address of one host',
    ]);
  });

  it.each([
    [['--cluster-cidr', '10.0.0.0/8,11.0.0.0/8'], /--cluster-cidr: .*at most one per IP family/],
    [['--node-port-addresses', 'primary,10.0.0.0/8'], /--node-port-addresses: .*primary stands alone/],
    [['--metrics-listen', '0.0.0.0:10249'], /--metrics-listen: "0\.0\.0\.0:10249": .*not authenticated/],
    [['--health-listen', '::1:10256'], /--health-listen: "::1:10256": not host:port/],
    [['--health-listen', '127.0.0.1:10249'], /--health-listen: 127\.0\.0\.1:10249: taken by metricsListen/],
    [['--min-sync-ms', '60000'], /--min-sync-ms: 60000: more than syncPeriodMs, 30000 \(default\)/],
    [
      ['--local-detect-mode', 'bridgeInterface'],
      /--local-detect-mode: bridgeInterface: needs localDetect\.bridgeInterface/,
    ],
    [['--hub', 'http://h:1'], /--hub: needs hubTokenFile too/],
    [['--hub-ca-file', 'c'], /--hub-ca-file: only a dashboard at https:\/\/ has a certificate/],
    [['--hub-ca-config-map', 'one'], /--hub-ca-config-map: "one": /],
    [['--hub', 'ftp://h', '--hub-token-file', 't'], /--hub: "ftp:\/\/h": not http/],
    [['--hub', 'unix:/h', '--hub-token-file', '/nowhere'], /--hub-token-file: ENOENT: \/nowhere/],
    [['--masquerade-mark', '0x100000000'], /--masquerade-mark: .*exactly one bit/],
    [['--routes', 'bgp'], /--routes: "bgp": /],
    [['--vxlan-id', '16777216'], /--vxlan-id: .*not a whole number from 1 to 16777215/],
    [['--node-name', 'a b'], /--node-name: "a b": not the name of a Node/],
    [['--config', '/nowhere'], /^\/nowhere: ENOENT/],
  ])('%j', (argv, message) => {
    expect(faults(argv)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    ['a: [', /^f: /],
    ['- a\n', /^f: not a mapping/],
    ['checkMs: 10\ncheckMs: 20\n', /^f: Map keys must be unique/],
    [KUBE_PROXY, /^f: kind: "KubeProxyConfiguration": give it with --kube-proxy-config/],
  ])('in a file: %j', (text, message) => {
    expect(faults(['--config', 'f'], {}, { f: text })[0]).toEqual(expect.stringMatching(message));
  });
});

it('is told as the flags that would say so', () => {
  const { settings } = load(['--cluster-cidr', '10.244.0.0/16,fd00::/56', '--conntrack-min', '5', '--profiling']);
  const flags = effectiveFlags({ configFile: '/c.yaml' }, settings);
  expect(Object.fromEntries(flags)).toMatchObject({
    config: '/c.yaml',
    'node-name': 'node-a',
    'cluster-cidr': '10.244.0.0/16,fd00::/56',
    'local-detect-mode': 'clusterCIDR',
    'masquerade-mark': '0x2000',
    'node-ips': '',
    'conntrack-min': '5',
    profiling: 'true',
  });
  expect(['hub', 'kube-proxy-config', 'kubeconfig'].filter((name) => flags.has(name))).toEqual([]);
});

it('prints a configuration that may be used as a file', () => {
  const loaded = load([
    '--cluster-cidr',
    '10.244.0.0/16,fd00::/56',
    '--masquerade-mark',
    '32768',
    '--conntrack-min',
    '5',
  ]);
  const text = effectiveConfigText(loaded);
  expect(text).toContain('clusterCIDR: [ 10.244.0.0/16, fd00::/56 ] # --cluster-cidr\n');
  expect(load(['--config', 'c'], {}, { c: text }).config).toEqual(loaded.config);
});
