import type { Deployment, Pod } from '../objects.ts';
import { isTrue } from '../objects.ts';
import { hash, seededRandom } from '../workload/random.ts';

/** What has to happen so that a Deployment has the pods it asks for. */
export interface ReplicaPlan {
  readonly create: number;
  readonly remove: readonly Pod[];
}

/** Kubernetes' alphabet for generated names: no vowels, so no words. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
/** While a new template is rolled out, so many pods more than asked for. */
const SURGE = 1;

/**
 * `present`: pods of the Deployment that nobody is deleting. Of an old template, pods are removed only as others become
 * ready, so a roll-out never has fewer ready pods than asked for, where there were that many.
 */
export function planReplicas(deployment: Deployment, present: readonly Pod[]): ReplicaPlan {
  const wanted = deployment.spec.replicas ?? 1;
  const revision = templateHash(deployment);
  const isCurrent = ({ metadata }: Pod) => metadata.labels?.['pod-template-hash'] === revision;
  const current = present.filter(isCurrent);
  const old = present.filter((pod) => !isCurrent(pod));

  const room = wanted + (old.length > 0 ? SURGE : 0) - present.length;
  const spareReady = Math.max(0, present.filter(isReady).length - wanted);
  const oldReady = old.filter(isReady);
  return {
    create: Math.max(0, Math.min(wanted - current.length, room)),
    remove: [
      ...leastUseful(current).slice(0, Math.max(0, current.length - wanted)),
      ...old.filter((pod) => !isReady(pod)),
      ...oldReady.slice(0, wanted === 0 ? oldReady.length : spareReady),
    ],
  };
}

/** Not ready before ready, then young before old. */
function leastUseful(pods: readonly Pod[]): Pod[] {
  const age = ({ metadata }: Pod) => metadata.creationTimestamp ?? '';
  return pods.toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)) || age(b).localeCompare(age(a)));
}

export const isReady = ({ status }: Pod) => isTrue(status?.conditions, 'Ready');

export function templateHash({ spec }: Deployment): string {
  return nameSuffix(hash(JSON.stringify(spec.template)), 9);
}

/** The `serial`-th pod of this Deployment: the same for the same seed. */
export function newPod(deployment: Deployment, seed: number, serial: number) {
  const { metadata, spec } = deployment;
  const revision = templateHash(deployment);
  const random = seededRandom(`${seed}/${metadata.namespace}/${metadata.name}/${serial}`);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: metadata.namespace,
      name: `${metadata.name}-${revision}-${nameSuffix(Math.floor(random() * 2 ** 32), 5)}`,
      labels: { ...spec.template.metadata?.labels, 'pod-template-hash': revision },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          name: metadata.name,
          uid: metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: spec.template.spec,
  };
}

function nameSuffix(number: number, length: number): string {
  let [rest, text] = [number, ''];
  while (text.length < length) {
    text += ALPHABET[rest % ALPHABET.length];
    rest = Math.floor(rest / ALPHABET.length) || hash(text);
  }
  return text;
}
