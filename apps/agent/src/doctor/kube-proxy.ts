import type { KubeProxyHere } from '@kubecity/netfilter';
import { type Finding, found, ok } from '@kubecity/protocol';
import type { Mode } from '../config/mode.ts';
import { interfaceNames } from './interfaces.ts';

export interface KubeProxyFacts extends KubeProxyHere {
  readonly mode: Mode;
  /** The agent may go before a kube-proxy that owns Services. */
  readonly takeOver: boolean;
  /** An interface of a CNI that can route Services in eBPF, before any rule of iptables. */
  readonly ebpf: string | undefined;
}

/** Cilium's own, whatever of it is switched on. */
const EBPF = ['cilium_host', 'cilium_net'];

export async function readEbpf(): Promise<string | undefined> {
  const interfaces = await interfaceNames();
  return EBPF.find((name) => interfaces.includes(name));
}

export function judgeKubeProxy(facts: KubeProxyFacts): Finding[] {
  return [besideKubeProxy(facts), ...cni(facts)];
}

function besideKubeProxy({ mode, kubeProxy, ownsServices, evidence, takeOver }: KubeProxyFacts): Finding {
  const id = 'kube-proxy.mode';
  if (mode === 'replace') {
    if (ownsServices) {
      return found(takeOver ? 'warning' : 'error', id, {
        what: `mode replace, and a kube-proxy in ${kubeProxy} mode routes Services here: ${evidence}`,
        why: takeOver
          ? 'takeOver is set, so that ours come first; what is left of kube-proxy serves nothing and costs time.'
          : 'The agent writes nothing until kube-proxy is gone, so that two do not route against each other.',
        doThis: takeOver
          ? 'Stop kube-proxy on this node, then run kube-proxy --cleanup there.'
          : 'Stop kube-proxy and run kube-proxy --cleanup on the node, or set takeOver: true (docs/modes.md).',
      });
    }
    if (kubeProxy === 'none') return ok(id, 'no kube-proxy has left anything here');
    return found('note', id, {
      what: `a kube-proxy in ${kubeProxy} mode was here: ${evidence}`,
      why: 'What it left routes nothing.',
      doThis: 'Run kube-proxy --cleanup on the node when it is not to come back.',
    });
  }
  if (ownsServices) return ok(id, `kube-proxy in ${kubeProxy} mode routes Services here: ${evidence}`);
  return found(mode === 'steer' ? 'error' : 'warning', id, {
    what: `mode ${mode}, and no kube-proxy routes Services on this node: ${evidence}`,
    why:
      mode === 'steer'
        ? 'The agent routes only what an override names; the rest needs somebody else.'
        : 'Services are routed by somebody whom Kubecity does not know, or not at all.',
    doThis: 'Start kube-proxy on this node, or set mode replace.',
  });
}

function cni({ mode, ebpf }: KubeProxyFacts): Finding[] {
  if (ebpf === undefined) return [];
  return [
    found(mode === 'observe' ? 'note' : 'warning', 'kube-proxy.ebpf', {
      what: `there is an interface ${ebpf}: Cilium runs here`,
      why: 'Where it routes Services itself (kubeProxyReplacement), the destination is chosen before any rule of iptables: overrides have no effect, and connections do not show the Service.',
      doThis: 'Look at cilium status: KubeProxyReplacement must be False for Kubecity to steer.',
    }),
  ];
}
