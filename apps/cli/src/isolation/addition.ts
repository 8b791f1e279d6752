import { type KubeNetworkPolicy, type Opinion, type Policy, readPolicy } from '@kubecity/isolation';
import type { Place, Target } from './ends.ts';
import type { OwnedPod } from './policy-city.ts';

type Direction = 'ingress' | 'egress';

/** What would open a direction that is closed: one rule more in a policy that is there, or a policy more. */
export interface Addition {
  readonly direction: Direction;
  /** `namespace/name` of the policy that gets the rule; absent: `object` is a new one. */
  readonly policy?: string;
  /** The list that gets it: `spec.ingress`. */
  readonly field?: string;
  readonly rule?: object;
  readonly object?: object;
}

interface Refusal {
  readonly direction: Direction;
  readonly from: Place;
  readonly to: Target;
  readonly protocol: string;
  readonly opinion: Opinion;
}

/** Labels that differ between the pods of one workload, or with each of its versions. */
const PASSING: ReadonlySet<string> = new Set([
  'pod-template-hash',
  'controller-revision-hash',
  'pod-template-generation',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
  'controller-uid',
  'job-name',
]);

/** Undefined where the pod that refuses is not known. */
export function additionFor(refusal: Refusal, policies: readonly KubeNetworkPolicy[]): Addition | undefined {
  const { direction, from, to, protocol, opinion } = refusal;
  const [own, other] = direction === 'egress' ? [from, to] : [to, from];
  if (!own.pod) return undefined;
  const namespace = own.pod.metadata.namespace ?? 'default';
  const peers = direction === 'egress' ? 'to' : 'from';
  const rule = { [peers]: [peerOf(other, namespace)], ports: [{ protocol, port: to.port }] };
  const narrow = narrowest(opinion, policies);
  if (narrow) return { direction, policy: narrow.id, field: `spec.${direction}`, rule };
  const type = direction === 'egress' ? 'Egress' : 'Ingress';
  const spec = { podSelector: selectorOf(own.pod), policyTypes: [type], [direction]: [rule] };
  const name = `${workloadName(own.pod)}-${direction}`;
  const metadata = { namespace, name };
  return { direction, object: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec } };
}

/** One that is about some pods: a rule in one about all of a namespace would open all of them. */
function narrowest({ policies: closing }: Opinion, policies: readonly KubeNetworkPolicy[]): Policy | undefined {
  return policies
    .map((object) => readPolicy(object).policy)
    .filter(({ id, podSelector }) => closing.includes(id) && podSelector.length > 0)
    .sort((a, b) => b.podSelector.length - a.podSelector.length || (a.id < b.id ? -1 : 1))[0];
}

function peerOf({ pod, address }: Place, namespace: string): object {
  if (!pod || pod.spec?.hostNetwork) return { ipBlock: { cidr: `${address}/${address.includes(':') ? 128 : 32}` } };
  const home = pod.metadata.namespace ?? 'default';
  const podSelector = selectorOf(pod);
  if (home === namespace) return { podSelector };
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': home } }, podSelector };
}

/** Without lasting labels every pod of its namespace is meant. */
function selectorOf({ metadata: { labels = {} } }: OwnedPod): object {
  const lasting = Object.entries(labels).filter(([key]) => !PASSING.has(key));
  return lasting.length === 0 ? {} : { matchLabels: Object.fromEntries(lasting) };
}

/** Of its Deployment or whatever made it; its own where nobody did. */
export function workloadName({ metadata: { name, labels = {}, ownerReferences = [] } }: OwnedPod): string {
  const owner = ownerReferences.find(({ controller }) => controller) ?? ownerReferences[0];
  if (!owner) return name;
  const hash = labels['pod-template-hash'];
  const isOfDeployment = owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`);
  return isOfDeployment ? owner.name.slice(0, -hash.length - 1) : owner.name;
}
