import type { KubeEndpointSlice, KubePod, KubeRoutingOverride, KubeService } from '@kubecity/routing';
import type { SteerCity } from './plan.ts';
import type { PodBehind } from './reach.ts';
import { idOf } from './words.ts';

/** A city that can be walked more than once. */
export interface HeldCity extends SteerCity {
  readonly services: readonly KubeService[];
  readonly endpointSlices: readonly KubeEndpointSlice[];
  readonly overrides: readonly KubeRoutingOverride[];
  readonly pods: readonly KubePod[];
  readonly podBehind: PodBehind;
}

export function held(city: SteerCity): HeldCity {
  const pods = [...city.pods];
  return {
    ...city,
    services: [...city.services],
    endpointSlices: [...city.endpointSlices],
    overrides: [...city.overrides],
    namespaces: [...(city.namespaces ?? [])],
    pods,
    podBehind: podsBehind(pods),
  };
}

/**
 * A pod of the same name may be another one: labels of a successor say nothing about a backend. Most requests ask for no
 * labels at all, so the book of a hundred thousand pods is made with the first question.
 */
function podsBehind(pods: readonly KubePod[]): PodBehind {
  let byName: Map<string, KubePod['metadata']> | undefined;
  return (namespace, { podName, podUid }) => {
    byName ??= new Map(pods.map(({ metadata }) => [idOf({ metadata }), metadata]));
    const pod = byName.get(`${namespace}/${podName ?? ''}`);
    return pod && (podUid === undefined || pod.uid === podUid) ? { uid: pod.uid, labels: pod.labels } : undefined;
  };
}
