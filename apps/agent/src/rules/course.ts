import type { KubeProxyHere } from '@kubecity/netfilter';
import type { Front } from '@kubecity/ruleset';
import type { Mode } from '../config/mode.ts';

export interface CourseFacts {
  readonly wished: Mode;
  readonly takeOver: boolean;
  readonly kubeProxy: KubeProxyHere;
  /** What was carried out last; of an agent that begins, what the rules that it found say. */
  readonly acting: Mode | undefined;
}

/** What the agent does about rules at present. */
export interface Course {
  /** What is carried out. Absent: nothing is written, and nothing taken away. */
  readonly mode: Mode | undefined;
  readonly front: Front;
  /** In words, what is not as the configuration says, or what an operator should know of it; goes away by itself. */
  readonly remark?: string;
}

/**
 * No change of mode may leave a node without Service routing, and none takes it from a kube-proxy unasked: what is refused leaves
 * things as they are.
 */
export function decideCourse({ wished, takeOver, kubeProxy, acting }: CourseFacts): Course {
  const { ownsServices, evidence } = kubeProxy;
  const front = frontOf(kubeProxy);
  const peer = `a kube-proxy in ${kubeProxy.kubeProxy} mode has rules for Services on this node (${evidence})`;
  if (wished === 'replace') {
    if (acting === 'replace' || takeOver || !ownsServices) {
      // Doors that an nftables kube-proxy left behind may lead to pods that are gone: ours must come first.
      return { mode: 'replace', front: ownsServices ? front : 'iptables' };
    }
    const remark = `mode replace is refused: ${peer}; set takeOver: true, or stop kube-proxy and run kube-proxy --cleanup`;
    return acting === 'steer' ? { mode: 'steer', front, remark } : { mode: undefined, front: 'iptables', remark };
  }
  if (acting === 'replace' && !ownsServices) {
    const remark = `mode ${wished} is refused: nobody else routes Services on this node, so the rules of mode replace stay; start kube-proxy first`;
    return { mode: 'replace', front: 'iptables', remark };
  }
  if (wished === 'observe') return { mode: 'observe', front: 'iptables' };
  if (ownsServices) return { mode: 'steer', front };
  const remark = `mode steer, but no kube-proxy has rules for Services on this node (${evidence}): only Services with overrides are routed here`;
  return { mode: 'steer', front, remark };
}

/** In iptables and IPVS mode the head of iptables' chains is in front of all that kube-proxy does. */
const frontOf = ({ kubeProxy }: KubeProxyHere): Front => (kubeProxy === 'nftables' ? 'nft' : 'iptables');
