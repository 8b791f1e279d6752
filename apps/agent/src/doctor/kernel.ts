import { access, readFile } from 'node:fs/promises';
import { release } from 'node:os';
import type { Probe } from '@kubecity/netfilter';
import { type Finding, found, ok } from '@kubecity/protocol';
import type { Family } from '@kubecity/routing';
import type { Table } from '@kubecity/ruleset';

export interface KernelFacts {
  /** `uname -r` */
  readonly release: string;
  /** What was asked for, and why the tools or the kernel refuse it. */
  readonly probes: readonly { readonly need: Need; readonly refusal: string | undefined }[];
  /** Undefined: neither loaded nor told by the host's list of modules, which may not be readable here. */
  readonly vxlan: boolean | undefined;
}

interface Need {
  readonly id: string;
  readonly name: string;
  /** What would not work without it. */
  readonly without: string;
  readonly severity: 'error' | 'note';
  readonly module: string;
  readonly ask: (probe: Probe, family: Family) => Promise<string | undefined>;
}

/** Kernel.org keeps none older alive, and Kubernetes is not tested with them. */
const OLDEST = { major: 5, minor: 4 };

const rule =
  (table: Table, text: string) =>
  (probe: Probe, family: Family): Promise<string | undefined> =>
    probe.rule(family, table, text);
const inet = (family: Family): string => (family === 'IPv4' ? 'inet' : 'inet6');

const NEEDS: readonly Need[] = [
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

export async function readKernel(probe: Probe, families: readonly Family[]): Promise<KernelFacts> {
  const probes: { need: Need; refusal: string | undefined }[] = [];
  // one after the other: legacy tools wait for each other's lock
  for (const need of NEEDS) {
    let refusal: string | undefined;
    for (const family of families) refusal ??= await need.ask(probe, family);
    probes.push({ need, refusal });
  }
  return { release: release(), probes, vxlan: await knowsModule('vxlan') };
}

export function judgeKernel({ release, probes, vxlan }: KernelFacts): Finding[] {
  return [version(release), ...probes.map(({ need, refusal }) => judgeNeed(need, refusal)), judgeVxlan(vxlan)];
}

function version(release: string): Finding {
  const [, major = 0, minor = 0] = /^(\d+)\.(\d+)/.exec(release)?.map(Number) ?? [];
  const old = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
  if (!old) return ok('kernel.version', `Linux ${release}`);
  return found('warning', 'kernel.version', {
    what: `Linux ${release} is older than ${OLDEST.major}.${OLDEST.minor}`,
    why: 'Kubecity was never run there: rules may be refused, and counters may be missing.',
    doThis: 'Bring the node to a kernel that is still maintained.',
  });
}

function judgeNeed({ id, name, without, severity, module }: Need, refusal: string | undefined): Finding {
  if (refusal === undefined) return ok(id, `${name}: there`);
  return found(severity, id, {
    what: `${name}: refused: ${refusal}`,
    why: `Without it ${without}.`,
    doThis: /not installed/.test(refusal)
      ? 'Install the program that is named, in the image that the agent runs from.'
      : /Permission|CAP_NET_ADMIN/.test(refusal)
        ? 'Run this with CAP_NET_ADMIN in the network namespace of the host.'
        : `Load the module on the host (modprobe ${module}), and at each boot by a file in /etc/modules-load.d.`,
  });
}

function judgeVxlan(vxlan: boolean | undefined): Finding {
  const id = 'kernel.vxlan';
  if (vxlan) return ok(id, 'VXLAN: there');
  return found('note', id, {
    what: vxlan === undefined ? 'VXLAN: cannot be told from here' : 'VXLAN: not in this kernel',
    why: 'Kubecity does not use it, but many CNIs join the nodes with it.',
    doThis: 'Nothing, unless pods of this node do not reach those of others: then try modprobe vxlan on the host.',
  });
}

/** Loaded or built in, or a file beside the kernel's others. Undefined where nothing tells. */
async function knowsModule(name: string): Promise<boolean | undefined> {
  const loaded = await access(`/sys/module/${name}`).then(
    () => true,
    () => false,
  );
  if (loaded) return true;
  // absent in a container without the host's /lib/modules
  const lists = await Promise.all(
    ['builtin', 'dep'].map((list) =>
      readFile(`/lib/modules/${release()}/modules.${list}`, 'utf8').catch(() => undefined),
    ),
  );
  const told = lists.filter((list) => list !== undefined);
  return told.length === 0 ? undefined : told.some((list) => list.includes(`/${name}.ko`));
}
