import type { Probe } from '@kubecity/netfilter';
import type { Family } from '@kubecity/routing';
import type { Table } from '@kubecity/ruleset';

/** Something of the kernel that rules or sets are made of. */
export interface Need {
  readonly id: string;
  readonly name: string;
  /** What would not work without it. */
  readonly without: string;
  readonly severity: 'error' | 'warning' | 'note';
  /** Only NetworkPolicies need it: worth a note where they are not enforced. */
  readonly isolation?: true;
  readonly module: string;
  readonly ask: (probe: Probe, family: Family) => Promise<string | undefined>;
}

const rule =
  (table: Table, text: string) =>
  (probe: Probe, family: Family): Promise<string | undefined> =>
    probe.rule(family, table, text);
const NO_SUCH_SET = /Set CITY-PROBE doesn't exist/;
const inet = (family: Family): string => (family === 'IPv4' ? 'inet' : 'inet6');

export const NEEDS: readonly Need[] = [
  {
    id: 'kernel.conntrack',
    name: 'connection tracking (xt_conntrack)',
    without: 'no Service can be routed and nothing can be counted',
    severity: 'error',
    module: 'xt_conntrack',
    ask: rule('filter', '-A FORWARD -m conntrack --ctstate INVALID -j DROP'),
  },
  {
    id: 'kernel.nat',
    name: 'address translation (table nat, DNAT, MASQUERADE)',
    without: 'no Service can be routed',
    severity: 'error',
    module: 'iptable_nat',
    ask: rule('nat', '-A POSTROUTING -j MASQUERADE --random-fully'),
  },
  {
    id: 'kernel.statistic',
    name: 'choice by chance (xt_statistic)',
    without: 'connections cannot be spread over backends',
    severity: 'error',
    module: 'xt_statistic',
    ask: rule('nat', '-A PREROUTING -m statistic --mode random --probability 0.5 -j ACCEPT'),
  },
  {
    id: 'kernel.bpf',
    name: 'comparison of source and destination (xt_bpf)',
    without: 'a pod that calls itself through a Service gets no answer',
    severity: 'error',
    module: 'xt_bpf',
    ask: rule('nat', '-A POSTROUTING -m bpf --bytecode "1,6 0 0 0" -j ACCEPT'),
  },
  {
    id: 'kernel.addrtype',
    name: 'local addresses (xt_addrtype)',
    without: 'node ports do not work',
    severity: 'error',
    module: 'xt_addrtype',
    ask: rule('nat', '-A PREROUTING -m addrtype --dst-type LOCAL -j ACCEPT'),
  },
  {
    id: 'kernel.reject',
    name: 'refusals (REJECT)',
    without: 'clients of a Service without backends wait instead of being refused',
    severity: 'error',
    module: 'ipt_REJECT',
    ask: rule('filter', '-A FORWARD -j REJECT'),
  },
  {
    id: 'kernel.ipset-ip',
    name: 'sets of addresses (ip_set_hash_ip)',
    without: 'session affinity does not work',
    severity: 'error',
    module: 'ip_set_hash_ip',
    ask: (probe, family) => probe.set(`hash:ip family ${inet(family)} timeout 0`),
  },
  {
    id: 'kernel.ipset-net',
    name: 'sets of networks (ip_set_hash_net)',
    without: 'mode steer has no lease',
    severity: 'error',
    module: 'ip_set_hash_net',
    ask: (probe, family) => probe.set(`hash:net family ${inet(family)} timeout 15`),
  },
  {
    id: 'kernel.set',
    name: 'rules that ask sets (xt_set)',
    without: 'session affinity, the lease of mode steer and NetworkPolicies do not work',
    severity: 'error',
    module: 'xt_set',
    // the set that is named is looked up first
    ask: async (probe, family) => {
      const refusal = await probe.rule(family, 'filter', '-A FORWARD -m set --match-set CITY-PROBE src -j DROP');
      return refusal !== undefined && NO_SUCH_SET.test(refusal) ? undefined : refusal;
    },
  },
  {
    id: 'kernel.ipset-ip-port',
    name: 'sets of addresses and ports (ip_set_hash_ipport)',
    without: 'NetworkPolicies with named ports of other pods cannot be enforced',
    severity: 'error',
    isolation: true,
    module: 'ip_set_hash_ipport',
    ask: (probe, family) => probe.set(`hash:ip,port family ${inet(family)}`),
  },
  {
    id: 'kernel.ipset-ip-port-ip',
    name: 'sets of connections (ip_set_hash_ipportip)',
    without: 'NetworkPolicies cannot be enforced',
    severity: 'error',
    isolation: true,
    module: 'ip_set_hash_ipportip',
    ask: (probe, family) => probe.set(`hash:ip,port,ip family ${inet(family)} timeout 60`),
  },
  {
    id: 'kernel.hashlimit',
    name: 'memory of who was refused (xt_hashlimit)',
    without:
      'NetworkPolicies are enforced all the same, and refusals are counted, but not told one by one: who tried what is not on the map',
    severity: 'warning',
    isolation: true,
    module: 'xt_hashlimit',
    ask: rule(
      'filter',
      '-A FORWARD -p tcp -m hashlimit --hashlimit-upto 1/sec --hashlimit-mode srcip,dstip,dstport --hashlimit-name city-probe -j RETURN',
    ),
  },
  {
    id: 'kernel.multiport',
    name: 'several ports in a rule (xt_multiport)',
    without: 'pods that a NetworkPolicy opens for several ports are closed to everybody',
    severity: 'error',
    isolation: true,
    module: 'xt_multiport',
    ask: rule('filter', '-A FORWARD -p tcp -m multiport --dports 80,443 -j RETURN'),
  },
  {
    id: 'kernel.sctp',
    name: 'ports of SCTP (xt_sctp)',
    without:
      'pods that a NetworkPolicy opens for an SCTP port are closed to everybody, and SCTP Services are not routed',
    severity: 'note',
    module: 'xt_sctp',
    ask: rule('filter', '-A FORWARD -p sctp -m sctp --dport 5000 -j RETURN'),
  },
  {
    id: 'kernel.nft',
    name: 'nftables (nf_tables, with nft)',
    without: 'mode steer cannot stand in front of a kube-proxy in nftables mode',
    severity: 'note',
    module: 'nf_tables',
    ask: (probe, family) => probe.nft(nftText(family)),
  },
];

const nftText = (family: Family): string => {
  const [table, type] = family === 'IPv4' ? ['ip', 'ipv4_addr'] : ['ip6', 'ipv6_addr'];
  return [
    `add table ${table} kubecity-probe`,
    `add set ${table} kubecity-probe lease { type ${type}; flags interval,timeout; timeout 15s; }`,
    `add chain ${table} kubecity-probe front { type nat hook prerouting priority dstnat - 10; }`,
    `add rule ${table} kubecity-probe front numgen random mod 2 0 accept`,
    '',
  ].join('\n');
};
