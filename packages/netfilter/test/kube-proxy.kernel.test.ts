import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { chooseIptables, findKubeProxy, installedIptables } from '../src/index.ts';

const hasLegacy = (await installedIptables()).some(({ flavour }) => flavour === 'legacy');
const legacyTables = () => readFileSync('/proc/self/net/ip_tables_names', 'utf8');
const sh = (command: string) => execFileSync('sh', ['-ec', command]);
const nft = (text: string) => execFileSync('nft', ['-f', '-'], { input: text });

/** As a kube-proxy of iptables mode writes them. */
const kubeServices = (tool: string) => `
  ${tool} -t nat -N KUBE-SERVICES
  ${tool} -t nat -N KUBE-NODEPORTS
  ${tool} -t nat -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
  ${tool} -t nat -I PREROUTING -j KUBE-SERVICES`;
const service = (tool: string, address: string) =>
  `${tool} -t nat -I KUBE-SERVICES -d ${address} -p tcp --dport 80 -j RETURN`;

/** As a kube-proxy of nftables mode writes it. */
const kubeProxyTable = (family: string, type: string, elements = '') => `
  table ${family} kube-proxy {
    map service-ips { type ${type} . inet_proto . inet_service : verdict; ${elements} }
  }`;

afterEach(() => {
  nft('flush ruleset');
  for (const tool of hasLegacy ? ['iptables-legacy', 'ip6tables-legacy'] : []) {
    sh(`for t in nat mangle; do ${tool} -t $t -F; ${tool} -t $t -X; done`);
  }
  execFileSync('sh', ['-c', 'ip link del kube-ipvs0 2>/dev/null || true']);
});

describe('kube-proxy on this node', () => {
  it('is found by nothing where it never was, and no table is made by looking', async () => {
    const tables = legacyTables();
    expect(await findKubeProxy()).toMatchObject({ kubeProxy: 'none', ownsServices: false });
    expect(String(execFileSync('nft', ['list', 'tables']))).toBe('');
    expect(legacyTables()).toBe(tables);
  });

  it.each(['iptables-nft', 'ip6tables-nft', ...(hasLegacy ? ['iptables-legacy', 'ip6tables-legacy'] : [])])(
    'in iptables mode is found by what %s wrote',
    async (tool) => {
      sh(kubeServices(tool));
      expect(await findKubeProxy()).toMatchObject({ kubeProxy: 'iptables', ownsServices: false });
      sh(service(tool, tool.startsWith('ip6') ? 'fd00:10:96::1' : '10.96.0.1'));
      const words = `${tool.endsWith('nft') ? 'nft' : 'legacy'} ${tool.startsWith('ip6') ? 'IPv6' : 'IPv4'}`;
      expect(await findKubeProxy()).toEqual({
        kubeProxy: 'iptables',
        ownsServices: true,
        evidence: `chain KUBE-SERVICES leads on (${words})`,
      });
    },
  );

  it.each([
    ['ip', 'ipv4_addr', '10.96.0.1', 'IPv4'],
    ['ip6', 'ipv6_addr', 'fd00:10:96::1', 'IPv6'],
  ])('in nftables mode is found by its table %s, whatever is beside it', async (family, type, address, words) => {
    sh(kubeServices('iptables-nft'));
    nft(kubeProxyTable(family, type));
    expect(await findKubeProxy()).toMatchObject({ kubeProxy: 'nftables', ownsServices: false });
    nft(kubeProxyTable(family, type, `elements = { ${address} . tcp . 80 : return }`));
    sh(service('iptables-nft', '10.96.0.1'));
    expect(await findKubeProxy()).toEqual({
      kubeProxy: 'nftables',
      ownsServices: true,
      evidence: `table kube-proxy has doors of Services: 1 of ${words}`,
    });
  });

  it('in IPVS mode is found by its interface', async () => {
    sh('ip link add kube-ipvs0 type bridge');
    sh(kubeServices('iptables-nft'));
    expect(await findKubeProxy()).toMatchObject({ kubeProxy: 'ipvs', ownsServices: true });
  });
});

describe.skipIf(!hasLegacy)('the flavour of iptables that the host uses', () => {
  it('is nft where there is nothing, and no table is made by looking', async () => {
    const tables = legacyTables();
    expect(await chooseIptables('auto')).toMatchObject({ flavour: 'nft', suffix: '-nft' });
    expect(legacyTables()).toBe(tables);
    expect(String(execFileSync('nft', ['list', 'tables']))).toBe('');
  });

  it("is the one with the kubelet's chain, else the one with chains of Kubernetes, else the one with more rules", async () => {
    sh('iptables-legacy -t nat -A OUTPUT -j RETURN');
    expect(await chooseIptables('auto')).toMatchObject({ flavour: 'legacy', suffix: '-legacy' });
    sh(kubeServices('ip6tables-nft'));
    expect(await chooseIptables('auto')).toMatchObject({ flavour: 'nft' });
    sh('ip6tables-legacy -t mangle -N KUBE-KUBELET-CANARY');
    expect(await chooseIptables('auto')).toMatchObject({ flavour: 'legacy' });
    sh('iptables-nft -t mangle -N KUBE-IPTABLES-HINT');
    expect(await chooseIptables('auto')).toMatchObject({
      flavour: 'nft',
      evidence: "the kubelet's chain KUBE-IPTABLES-HINT is in nft tables",
    });
  });

  it('is the one that is set', async () => {
    sh('iptables-nft -t mangle -N KUBE-IPTABLES-HINT');
    expect(await chooseIptables('legacy')).toEqual({
      flavour: 'legacy',
      suffix: '-legacy',
      evidence: 'set by hand',
    });
  });
});
