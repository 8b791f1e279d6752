import type { IsolationPlan } from '@kubecity/isolation';
import type { IsolationReport, PodGates } from '@kubecity/protocol';

/** What the protocol lets through of each list. */
const MOST = { policies: 10_000, pods: 2_000, ofPod: 1_000, problems: 1_000, message: 1_024 };

export interface IsolationFacts extends Pick<IsolationReport, 'at' | 'state' | 'rules' | 'sets' | 'ownNode'> {
  readonly message?: string;
  /** Absent: nothing was worked out yet, or nothing is enforced. */
  readonly plan?: IsolationPlan;
}

/** In the words of the protocol, within its bounds. */
export function isolationReport({ plan, message, ...facts }: IsolationFacts): IsolationReport {
  const policies = [...policiesInForce(plan)].sort().slice(0, MOST.policies);
  const places = new Map(policies.map((id, place) => [id, place]));
  const placesOf = (ids: readonly string[]) => ids.flatMap((id) => places.get(id) ?? []).slice(0, MOST.ofPod);
  const pods: PodGates[] = [];
  for (const { id, ingress, egress } of plan?.pods.values() ?? []) {
    if (!ingress && !egress) continue;
    const [namespace = '', name = ''] = id.split('/');
    pods.push({
      namespace,
      name,
      ...(ingress && { ingress: placesOf(ingress.policies) }),
      ...(egress && { egress: placesOf(egress.policies) }),
    });
  }
  return {
    ...facts,
    ...(message !== undefined && { message: message.slice(0, MOST.message) }),
    policies,
    pods: pods.slice(0, MOST.pods),
    problems: (plan?.problems ?? []).slice(0, MOST.problems).map(({ namespace, name, field, message: text }) => ({
      namespace,
      name,
      field: field.slice(0, 253),
      message: text.slice(0, MOST.message),
    })),
  };
}

/** Ids of the policies that close a pod of this node. */
export function policiesInForce(plan: IsolationPlan | undefined): Set<string> {
  const found = new Set<string>();
  for (const { ingress, egress } of plan?.pods.values() ?? []) {
    for (const gate of [ingress, egress]) for (const id of gate?.policies ?? []) found.add(id);
  }
  return found;
}
