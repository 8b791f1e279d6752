import type { Pod } from '../objects.ts';

/** What the kubelet knows of a pod's one container. */
export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly kind: 'running'; readonly startedAt: string; readonly ready: boolean };

export interface PodFacts {
  readonly hostIP: string;
  readonly podIP?: string;
  readonly startTime: string;
  readonly restarts: number;
  readonly container: ContainerState;
  /** RFC 3339, when the container last became ready or ceased to be. */
  readonly readySince: string;
}

/** A pod's status as a kubelet writes it (core/v1 PodStatus). */
export function podStatus({ spec }: Pod, facts: PodFacts): object {
  const { container, podIP, hostIP, startTime, restarts, readySince } = facts;
  const ready = container.kind === 'running' && container.ready;
  const condition = (type: string, status: boolean, lastTransitionTime: string) => ({
    type,
    status: status ? 'True' : 'False',
    lastTransitionTime,
  });
  return {
    phase: podIP === undefined ? 'Pending' : 'Running',
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    startTime,
    conditions: [
      condition('PodScheduled', true, startTime),
      condition('Initialized', true, startTime),
      condition('ContainersReady', ready, readySince),
      condition('Ready', ready, readySince),
    ],
    containerStatuses: spec.containers.map(({ name, image = '' }) => ({
      name,
      image,
      imageID: image,
      ready,
      started: ready,
      restartCount: restarts,
      state: stateOf(container),
    })),
  };
}

function stateOf(container: ContainerState): object {
  if (container.kind === 'running') return { running: { startedAt: container.startedAt } };
  const { reason, message } = container;
  return { waiting: message === undefined ? { reason } : { reason, message } };
}
