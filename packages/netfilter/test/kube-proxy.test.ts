import { expect, it } from 'vitest';
import { judgeKubeProxy, type KubeProxyTraces } from '../src/kube-proxy.ts';

const NOTHING: KubeProxyTraces = { chains: [], maps: [], ipvs: false };
const chain = (first: string) => ({ flavour: 'nft', family: 'IPv4', first }) as const;
const SERVING = chain('-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y');
const NODE_PORTS = chain('-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS');
const IPVS = chain('-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN');

it.each<[string, Partial<KubeProxyTraces>, string, boolean, string]>([
  ['nothing', {}, 'none', false, 'no rules'],
  ['a chain that serves', { chains: [SERVING] }, 'iptables', true, 'KUBE-SERVICES leads on (nft IPv4)'],
  ['a chain for node ports alone', { chains: [NODE_PORTS] }, 'iptables', false, 'KUBE-SERVICES is empty'],
  ['an empty chain', { chains: [chain('')] }, 'iptables', false, 'KUBE-SERVICES is empty'],
  ['one chain of two', { chains: [chain(''), { ...SERVING, family: 'IPv6' }] }, 'iptables', true, '(nft IPv6)'],
  ['a map', { maps: [{ family: 'IPv6', services: 3 }] }, 'nftables', true, '3 of IPv6'],
  ['an empty map', { maps: [{ family: 'IPv4', services: 0 }] }, 'nftables', false, 'has no Service'],
  ['the interface', { chains: [IPVS], ipvs: true }, 'ipvs', true, 'kube-ipvs0'],
  ['rules of two modes', { chains: [SERVING], maps: [{ family: 'IPv4', services: 2 }] }, 'nftables', true, '2 of IPv4'],
  ['a left table', { chains: [SERVING], maps: [{ family: 'IPv4', services: 0 }] }, 'iptables', true, 'KUBE-SERVICES'],
])('tells from %s how kube-proxy routes', (_title, traces, kubeProxy, ownsServices, evidence) => {
  const judged = judgeKubeProxy({ ...NOTHING, ...traces });
  expect(judged).toEqual({ kubeProxy, ownsServices, evidence: expect.stringContaining(evidence) });
});
