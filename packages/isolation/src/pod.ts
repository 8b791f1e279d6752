import { cleanAddress, isProtocol, type Protocol } from '@kubecity/routing';
import type { PolicyPod } from './objects.ts';
import type { Labels } from './selector.ts';

/** A pod with a network of its own that runs or is about to. */
export interface Pod {
  /** `namespace/name` */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly node?: string;
  readonly labels: Labels;
  /** Canonical texts. */
  readonly addresses: readonly string[];
  readonly ports: readonly PodPort[];
  /** Larger for the one that has an address when two pods say they do: not leaving before leaving, then the younger one. */
  readonly claim: string;
}

export interface PodPort {
  readonly protocol: Protocol;
  readonly name: string;
  readonly port: number;
}

export function podId({ metadata: { namespace = 'default', name } }: PolicyPod): string {
  return `${namespace}/${name}`;
}

/**
 * undefined for a pod that no policy reads: one in the network of its node is the node, and the address that a finished
 * pod keeps in its status may be another's by now.
 */
export function readPod(object: PolicyPod): Pod | undefined {
  const { metadata, spec, status } = object;
  if (spec?.hostNetwork || status?.phase === 'Succeeded' || status?.phase === 'Failed') return undefined;
  const said = status?.podIPs?.map(({ ip }) => ip) ?? [];
  const texts = said.length > 0 ? said : status?.podIP ? [status.podIP] : [];
  const addresses = texts.flatMap((text) => cleanAddress(text)?.text ?? []);
  return {
    id: podId(object),
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    ...(spec?.nodeName && { node: spec.nodeName }),
    labels: metadata.labels ?? {},
    addresses,
    ports: portsOf(object),
    claim: `${metadata.deletionTimestamp ? 0 : 1} ${metadata.creationTimestamp ?? ''} ${podId(object)}`,
  };
}

function portsOf({ spec }: PolicyPod): PodPort[] {
  const sidecars = spec?.initContainers?.filter(({ restartPolicy }) => restartPolicy === 'Always') ?? [];
  return [...(spec?.containers ?? []), ...sidecars].flatMap(({ ports = [] }) =>
    ports.flatMap(({ name, containerPort, protocol = 'TCP' }) =>
      name && containerPort !== undefined && isProtocol(protocol) ? [{ protocol, name, port: containerPort }] : [],
    ),
  );
}
