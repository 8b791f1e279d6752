import type { KubeContainer, PolicyPod } from '@kubecity/isolation';
import {
  FLOOR_ANNOTATION,
  type KubeEndpointSlice,
  type KubeNode,
  type KubePod,
  type KubeService,
  type ObjectMeta,
} from '@kubecity/routing';
import { TRIGGER_TIME } from './trigger-times.ts';

/** What of each object is kept: of a large cluster, all of them would be most of our memory. */

interface Labelled {
  readonly metadata: ObjectMeta;
}

export function trimService({ metadata, spec, status }: KubeService): KubeService {
  return {
    metadata: withFloor(metadata, trimMeta(metadata)),
    ...(spec && { spec }),
    ...(status?.loadBalancer && { status: { loadBalancer: status.loadBalancer } }),
  };
}

export function trimSlice(slice: KubeEndpointSlice): KubeEndpointSlice {
  const at = slice.metadata.annotations?.[TRIGGER_TIME];
  const metadata = trimMeta(slice.metadata);
  return { ...slice, metadata: at === undefined ? metadata : { ...metadata, annotations: { [TRIGGER_TIME]: at } } };
}

export function trimNode({ metadata, spec, status }: KubeNode): KubeNode {
  const { podCIDR, podCIDRs } = spec ?? {};
  return {
    metadata: trimMeta(metadata),
    spec: { ...(podCIDR !== undefined && { podCIDR }), ...(podCIDRs && { podCIDRs }) },
    ...(status?.addresses && { status: { addresses: status.addresses } }),
  };
}

/** Routing and health read more of the own Node: its pod ranges, and whether it is about to leave. */
export function trimOwnNode({ metadata, spec, status }: KubeNode): KubeNode {
  const { deletionTimestamp } = metadata;
  return {
    metadata: { ...trimMeta(metadata), ...(deletionTimestamp !== undefined && { deletionTimestamp }) },
    ...(spec && { spec }),
    ...(status?.addresses && { status: { addresses: status.addresses } }),
  };
}

export function trimNamespace({ metadata }: Labelled): Labelled {
  return { metadata: withFloor(metadata, nameOf(metadata)) };
}

/** Policies select namespaces by label. */
export function trimLabelledNamespace({ metadata }: Labelled): Labelled {
  return { metadata: withFloor(metadata, trimMeta(metadata)) };
}

/** How many backends overrides must leave: all that is read of annotations. */
function withFloor({ annotations }: ObjectMeta, trimmed: ObjectMeta): ObjectMeta {
  const floor = annotations?.[FLOOR_ANNOTATION];
  return floor === undefined ? trimmed : { ...trimmed, annotations: { [FLOOR_ANNOTATION]: floor } };
}

export function nameOf({ name, namespace, uid, resourceVersion }: ObjectMeta): ObjectMeta {
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}

export function trimMeta(metadata: ObjectMeta): ObjectMeta {
  const { generation, creationTimestamp, labels } = metadata;
  return {
    ...nameOf(metadata),
    ...(generation !== undefined && { generation }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(labels !== undefined && { labels }),
  };
}

export function trimPod({ metadata, spec, status }: KubePod): KubePod {
  return {
    metadata: trimMeta(metadata),
    spec: {
      ...(spec?.nodeName !== undefined && { nodeName: spec.nodeName }),
      ...(spec?.hostNetwork !== undefined && { hostNetwork: spec.hostNetwork }),
    },
    status: {
      ...(status?.phase !== undefined && { phase: status.phase }),
      ...(status?.podIP !== undefined && { podIP: status.podIP }),
      ...(status?.podIPs !== undefined && { podIPs: status.podIPs }),
    },
  };
}

/** Policies select pods by label and name their ports; who leaves has the weaker claim to its address. */
export function trimPolicyPod(pod: PolicyPod): PolicyPod {
  const { metadata, spec, status } = trimPod(pod);
  const { deletionTimestamp } = pod.metadata;
  const containers = namedPorts(pod.spec?.containers ?? []);
  const sidecars = namedPorts(
    pod.spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? [],
  );
  return {
    metadata: { ...metadata, ...(deletionTimestamp !== undefined && { deletionTimestamp }) },
    spec: {
      ...spec,
      ...(containers.length > 0 && { containers }),
      ...(sidecars.length > 0 && { initContainers: sidecars }),
    },
    ...(status && { status }),
  };
}

function namedPorts(containers: readonly KubeContainer[]): KubeContainer[] {
  return containers.flatMap(({ ports = [], restartPolicy }) => {
    const named = ports.filter(({ name }) => name !== undefined && name !== '');
    if (named.length === 0) return [];
    return [
      {
        ports: named.map(({ name, containerPort, protocol }) => ({
          ...(name !== undefined && { name }),
          ...(containerPort !== undefined && { containerPort }),
          ...(protocol !== undefined && { protocol }),
        })),
        ...(restartPolicy !== undefined && { restartPolicy }),
      },
    ];
  });
}
