import { connect, type KubeClient } from '@kubecity/kube';
import type { AgentConfig } from './config/agent-config.ts';

/** Opens nothing yet. */
export function connectTo({ kubeSocket, kubeconfig }: Pick<AgentConfig, 'kubeSocket' | 'kubeconfig'>): KubeClient {
  return connect({
    ...(kubeSocket !== undefined && { socketPath: kubeSocket }),
    ...(kubeconfig !== undefined && { kubeconfig }),
    inCluster: kubeSocket === undefined && kubeconfig === undefined,
  });
}
