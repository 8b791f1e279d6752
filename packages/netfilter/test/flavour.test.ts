import { describe, expect, it } from 'vitest';
import { judgeHints, judgeRules } from '../src/flavour.ts';

const HINT = '*mangle\n:PREROUTING ACCEPT [0:0]\n:KUBE-IPTABLES-HINT - [0:0]\nCOMMIT\n';
const CANARY = '*mangle\n:KUBE-KUBELET-CANARY - [0:0]\nCOMMIT\n';
const rules = (count: number, chain = 'DOCKER') =>
  `*nat\n:${chain} - [0:0]\n${`-A ${chain} -j RETURN\n`.repeat(count)}`;

describe('the flavour of iptables that a host uses', () => {
  it.each([
    [HINT, rules(9), 'nft', 'KUBE-IPTABLES-HINT'],
    [CANARY, HINT, 'nft', 'KUBE-KUBELET-CANARY'],
    ['', `${rules(1)}${CANARY}`, 'legacy', 'KUBE-KUBELET-CANARY'],
  ])("is the one with the kubelet's chain", (mangle, legacy, flavour, chain) => {
    expect(judgeHints(mangle, legacy)).toEqual({ flavour, evidence: expect.stringContaining(chain) });
  });

  it('is not told by a chain that only begins like that, nor by one of kube-proxy', () => {
    expect(judgeHints(':KUBE-KUBELET-CANARY2 - [0:0]\n', rules(3, 'KUBE-SERVICES'))).toBeUndefined();
  });

  it.each([
    [rules(9), rules(1, 'KUBE-SERVICES'), 'legacy', 'chains of Kubernetes are in legacy tables only'],
    [rules(0, 'KUBE-SERVICES'), rules(9), 'nft', 'chains of Kubernetes are in nft tables only'],
    [rules(1, 'KUBE-SERVICES'), rules(2, 'KUBE-SERVICES'), 'legacy', '1 rules in nft tables, 2 in legacy tables'],
    [rules(2), rules(2), 'nft', '2 rules in nft tables, 2 in legacy tables'],
    ['', '', 'nft', '0 rules in nft tables, 0 in legacy tables'],
  ])('is else the one with chains of Kubernetes, or with more rules, or nft', (nft, legacy, flavour, evidence) => {
    expect(judgeRules(nft, legacy)).toEqual({ flavour, evidence });
  });
});
