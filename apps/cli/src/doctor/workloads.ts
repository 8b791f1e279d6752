import { isKubeError, type KubeClient, NAMESPACE, type Resource, resources, serviceAccountOf } from '@kubecity/kube';
import { type Finding, found, ok } from '@kubecity/protocol';
import { unlessForbidden, unseen } from './cluster.ts';

interface DaemonSet {
  readonly status?: {
    readonly desiredNumberScheduled?: number;
    readonly numberReady?: number;
    readonly updatedNumberScheduled?: number;
  };
}

interface Deployment {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly availableReplicas?: number };
}

export interface Workloads {
  /** The manifests of `deploy/` are in this cluster; elsewhere agents and dashboard are started by somebody else. */
  readonly installed: boolean;
  readonly findings: readonly Finding[];
}

export async function checkWorkloads(client: KubeClient): Promise<Workloads> {
  const agent = await find<DaemonSet>(client, resources.daemonSets, serviceAccountOf('agent'));
  const dashboard = await find<Deployment>(client, resources.deployments, serviceAccountOf('dashboard'));
  if (agent === 'absent' && dashboard === 'absent') {
    const what = `no DaemonSet and no Deployment of Kubecity are in namespace ${NAMESPACE}`;
    const finding = found('note', 'cluster.workloads', {
      what,
      why: 'Agents and dashboard are started by something else, or not at all.',
      doThis: 'Nothing in an embedded city; else install with kubectl apply -k deploy/overlays/observe.',
    });
    return { installed: false, findings: [finding] };
  }
  return { installed: true, findings: [judgeAgent(agent), judgeDashboard(dashboard)] };
}

type Sight<T> = T | 'absent' | 'forbidden';

async function find<T>(client: KubeClient, resource: Resource, name: string): Promise<Sight<T>> {
  try {
    return await unlessForbidden(client.get<T>(resource, { namespace: NAMESPACE, name }));
  } catch (error) {
    if (isKubeError(error, 'not-found')) return 'absent';
    throw error;
  }
}

export function judgeAgent(sight: Sight<DaemonSet>): Finding {
  const id = 'cluster.agents';
  const name = `DaemonSet ${NAMESPACE}/${serviceAccountOf('agent')}`;
  if (sight === 'forbidden') return unseen(id, name, 'get daemonsets.apps');
  const {
    desiredNumberScheduled: desired = 0,
    numberReady: ready = 0,
    updatedNumberScheduled: updated = 0,
  } = sight === 'absent' ? {} : (sight.status ?? {});
  if (sight === 'absent' || desired === 0) {
    return found('error', id, {
      what: sight === 'absent' ? `${name} is not there` : `${name} runs on no node`,
      why: 'Nothing is measured, and nothing is steered.',
      doThis: 'kubectl apply -k deploy/overlays/observe, and look whether its node selector fits the nodes.',
    });
  }
  if (ready < desired) {
    return found('error', id, {
      what: `${name}: ${ready} of ${desired} agents are ready`,
      why: 'On the other nodes overrides do not hold, and their traffic is missing on the map.',
      doThis: `kubectl -n ${NAMESPACE} get pods -l app.kubernetes.io/component=agent -o wide, then logs and describe of those that are not ready.`,
    });
  }
  if (updated < desired) {
    return found('note', id, {
      what: `${name}: all ${desired} agents are ready, ${updated} of them of the newest version`,
      why: 'An update is under way.',
      doThis: `Wait: kubectl -n ${NAMESPACE} rollout status daemonset/${serviceAccountOf('agent')}.`,
    });
  }
  return ok(id, `${name}: all ${desired} agents are ready`);
}

export function judgeDashboard(sight: Sight<Deployment>): Finding {
  const id = 'cluster.dashboard';
  const name = `Deployment ${NAMESPACE}/${serviceAccountOf('dashboard')}`;
  if (sight === 'forbidden') return unseen(id, name, 'get deployments.apps');
  const available = sight === 'absent' ? 0 : (sight.status?.availableReplicas ?? 0);
  if (available > 0) return ok(id, `${name} is available`);
  return found('error', id, {
    what: sight === 'absent' ? `${name} is not there` : `${name} has no pod that is available`,
    why: 'There is no map, and overrides have no status. Agents go on carrying them out.',
    doThis: `kubectl -n ${NAMESPACE} describe deployment ${serviceAccountOf('dashboard')}, and the logs of its pods.`,
  });
}
