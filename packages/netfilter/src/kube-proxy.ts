import { readFile } from 'node:fs/promises';
import type { Family } from '@kubecity/routing';
import { type Flavour, installedIptables, isAbsent } from './flavour.ts';
import { iptables } from './iptables.ts';
import { listMap } from './nft.ts';

/** How a kube-proxy routes Services on this node, by what it has left in the kernel. */
export interface KubeProxyHere {
  readonly kubeProxy: 'iptables' | 'nftables' | 'ipvs' | 'none';
  /** Its rules serve Services now, whether its process runs or not. */
  readonly ownsServices: boolean;
  /** In words, for log and report. */
  readonly evidence: string;
}

/** What was read of this network namespace. */
export interface KubeProxyTraces {
  /** One for each table nat with a chain KUBE-SERVICES; `first` is its first rule, empty when it has none. */
  readonly chains: readonly { readonly flavour: Flavour; readonly family: Family; readonly first: string }[];
  /** One for each table kube-proxy of nftables; addresses of Services in its map. */
  readonly maps: readonly { readonly family: Family; readonly services: number }[];
  /** The interface kube-ipvs0 is there: kube-proxy holds the addresses of Services on it in IPVS mode only. */
  readonly ipvs: boolean;
}

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];
const CHAIN = 'KUBE-SERVICES';

/** Reads one rule or one map of each kind: some milliseconds, and tens with 10,000 Services. */
export async function findKubeProxy(): Promise<KubeProxyHere> {
  const [chains, maps, ipvs] = await Promise.all([chainsHere(), mapsHere(), hasIpvsInterface()]);
  return judgeKubeProxy({ chains, maps, ipvs });
}

/**
 * More than one kind may be there while an administrator changes it. What owns Services comes before what is empty, and
 * nftables before the others, since it may stand in front of them; in IPVS mode there is a chain KUBE-SERVICES too.
 */
export function judgeKubeProxy({ chains, maps, ipvs }: KubeProxyTraces): KubeProxyHere {
  const owned = maps.filter(({ services }) => services > 0);
  const serving = chains.filter(({ first }) => first !== '' && !first.endsWith('-j KUBE-NODEPORTS'));
  if (owned.length > 0) {
    const said = owned.map(({ family, services }) => `${services} of ${family}`).join(', ');
    return { kubeProxy: 'nftables', ownsServices: true, evidence: `table kube-proxy has doors of Services: ${said}` };
  }
  if (ipvs) return { kubeProxy: 'ipvs', ownsServices: true, evidence: 'the interface kube-ipvs0 is there' };
  if (serving.length > 0) return { kubeProxy: 'iptables', ownsServices: true, evidence: inWords(serving, 'leads on') };
  if (maps.length > 0) {
    return { kubeProxy: 'nftables', ownsServices: false, evidence: 'table kube-proxy has no Service' };
  }
  if (chains.length > 0) return { kubeProxy: 'iptables', ownsServices: false, evidence: inWords(chains, 'is empty') };
  return { kubeProxy: 'none', ownsServices: false, evidence: 'no rules of a kube-proxy' };
}

function inWords(chains: KubeProxyTraces['chains'], what: string): string {
  return `chain ${CHAIN} ${what} (${chains.map(({ flavour, family }) => `${flavour} ${family}`).join(', ')})`;
}

async function chainsHere(): Promise<KubeProxyTraces['chains']> {
  const found: KubeProxyTraces['chains'][number][] = [];
  for (const { flavour, suffix } of await installedIptables()) {
    for (const family of FAMILIES) {
      if (flavour === 'legacy' && !(await hasLegacyNat(family))) continue;
      const first = await orAbsent(iptables({ family, suffix }).firstRule('nat', CHAIN));
      if (first !== undefined) found.push({ flavour, family, first });
    }
  }
  return found;
}

async function mapsHere(): Promise<KubeProxyTraces['maps']> {
  const found: KubeProxyTraces['maps'][number][] = [];
  for (const family of FAMILIES) {
    const elements = await orAbsent(listMap(family, 'kube-proxy', 'service-ips'));
    if (elements !== undefined) found.push({ family, services: elements.length });
  }
  return found;
}

/** Asking iptables-legacy for a table makes it: each packet then passes it, for nothing. */
async function hasLegacyNat(family: Family): Promise<boolean> {
  const names = family === 'IPv4' ? 'ip_tables_names' : 'ip6_tables_names';
  try {
    return (await readFile(`/proc/self/net/${names}`, 'utf8')).split('\n').includes('nat');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function hasIpvsInterface(): Promise<boolean> {
  return /^\s*kube-ipvs0:/m.test(await readFile('/proc/self/net/dev', 'utf8'));
}

async function orAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
