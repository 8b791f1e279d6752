import type { KubeProxyHere } from '@kubecity/netfilter';
import { type Finding, found, type IsolationReport, ok } from '@kubecity/protocol';
import type { Mode } from '../config/mode.ts';

/** @param report what the agent of this process says; undefined where none runs */
export function judgeIsolation(report: Pick<IsolationReport, 'state' | 'message' | 'policies'> | undefined): Finding[] {
  const id = 'isolation.state';
  if (report === undefined) return [];
  const { state, message, policies } = report;
  if (state === 'off' && message === undefined) {
    return [
      ok(id, 'NetworkPolicies are left to others (isolation: off), as beside a network plugin that enforces them'),
    ];
  }
  if (state === 'enforcing' && message === undefined)
    return [ok(id, `policies enforced on this node: ${policies.length}`)];
  const [severity, what, why, doThis] = WORDS[state];
  return [found(severity, id, { what: [what, message].join(': '), why, doThis })];
}

export interface ServiceWays {
  readonly isolation: 'on' | 'off';
  readonly mode: Mode;
  readonly kubeProxy: KubeProxyHere['kubeProxy'];
}

/** IPVS takes packets in INPUT and sends them in OUTPUT: where it routes Services, no gate of FORWARD sees them. */
export function judgeIpvs({ isolation, mode, kubeProxy }: ServiceWays): Finding[] {
  if (isolation === 'off' || mode === 'observe' || kubeProxy !== 'ipvs') return [];
  const id = 'isolation.ipvs';
  if (mode === 'replace')
    return [ok(id, 'kube-proxy in IPVS mode was here, and mode replace routes Services before it')];
  return [
    found('warning', id, {
      what: 'kube-proxy in IPVS mode routes Services here, past the rules that NetworkPolicies are enforced by',
      why: 'What pods of this node open through a Service that is not steered passes the gate of its sender unseen, and of a backend on this node too.',
      doThis: 'Set mode replace with takeOver, or run kube-proxy in iptables or nftables mode.',
    }),
  ];
}

const WORDS: Readonly<Record<IsolationReport['state'], readonly ['note' | 'warning', string, string, string]>> = {
  off: [
    'warning',
    'isolation is off',
    'What an agent before this one wrote is still in force.',
    'Mend what is named, or run kubecity-agent cleanup on the node.',
  ],
  held: [
    'note',
    'NetworkPolicies are not enforced here',
    'What they forbid is open, unless another program enforces them.',
    'Set mode to steer or replace, or isolation to off where a network plugin enforces them.',
  ],
  failing: [
    'warning',
    'NetworkPolicies cannot be enforced as they are',
    'What was enforced before stays in force; a gate that the kernel does not take is closed.',
    'Mend what is named; the agent tries again by itself.',
  ],
  enforcing: [
    'warning',
    'NetworkPolicies are enforced, but not all of it is seen',
    'The map does not show who tried what.',
    'Load the module that is named; the agent finds it by itself.',
  ],
};
