import {
  type Backend,
  cleanAddress,
  type KubeEndpointSlice,
  type KubeRoutingOverride,
  type OverrideSpec,
  type PodLabels,
  type RoutingTable,
  type ServicePort,
  selectionOf,
} from '@kubecity/routing';

/** Where an override acts: a Service (or all of a namespace, or of the cluster) and who of it. */
export interface Reach extends Pick<OverrideSpec, 'service' | 'ports' | 'backends'> {
  /** `''`: of the whole cluster. */
  readonly namespace: string;
}

export const reachOf = ({ metadata }: Pick<KubeRoutingOverride, 'metadata'>, spec: OverrideSpec): Reach => ({
  namespace: metadata.namespace ?? '',
  service: spec.service,
  ports: spec.ports,
  backends: spec.backends,
});

/** The pod behind a backend of a namespace, for its labels; undefined while it is not known. */
export type PodBehind = (namespace: string, backend: Pick<Backend, 'podName' | 'podUid'>) => PodLabels | undefined;

/** One backend in one service port. */
export interface Member {
  readonly port: ServicePort;
  readonly backend: Backend;
}

/** Every backend that is named, of all service ports in both families. */
export function membersOf(reach: Reach, { servicePorts }: RoutingTable, podBehind: PodBehind): Member[] {
  const { hasPort, chooses } = selectionOf(reach);
  const members: Member[] = [];
  for (const port of servicePorts.values()) {
    if (!isAbout(reach, port) || !hasPort(port.portName)) continue;
    for (const backend of port.backends) {
      if (chooses(backend, (endpoint) => podBehind(port.namespace, endpoint))) members.push({ port, backend });
    }
  }
  return members;
}

export function isAbout({ namespace, service }: Reach, of: { namespace: string; name: string }): boolean {
  return (namespace === '' || namespace === of.namespace) && (service === undefined || service === of.name);
}

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** Services (`namespace/name`) with a backend that is named, ready or not. */
export function servicesOf(reach: Reach, slices: Iterable<KubeEndpointSlice>, podBehind: PodBehind): Set<string> {
  const services = new Set<string>();
  if (reach.service !== undefined) return services.add(`${reach.namespace}/${reach.service}`);
  const { chooses } = selectionOf(reach);
  for (const { metadata, endpoints = [] } of slices) {
    const { namespace = '', labels } = metadata;
    const name = labels?.[SERVICE_NAME_LABEL];
    if (name === undefined || !isAbout(reach, { namespace, name })) continue;
    const named = endpoints.some(({ addresses: [address = ''] = [], nodeName, zone, targetRef }) => {
      const pod = targetRef?.kind === 'Pod' ? targetRef : undefined;
      const endpoint = {
        address: cleanAddress(address)?.text ?? address,
        node: nodeName,
        zone,
        podName: pod?.name,
        podUid: pod?.uid,
        ready: true,
        serving: true,
        terminating: false,
      };
      return chooses(endpoint, (endpoint) => podBehind(namespace, endpoint));
    });
    if (named) services.add(`${namespace}/${name}`);
  }
  return services;
}

/**
 * Whether all that `part` can ever name is named by `whole`, judged by what they say and not by who is there: a drain of a
 * node is no drain of the one pod that happens to run there.
 */
export function isWithin(part: Reach, whole: Reach): boolean {
  if (whole.namespace !== '' && part.namespace !== whole.namespace) return false;
  if (whole.service !== undefined && part.service !== whole.service) return false;
  const subset = (inner: readonly string[] | undefined, outer: readonly string[] | undefined) =>
    !outer?.length || (!!inner?.length && inner.every((name) => outer.includes(name)));
  const [a, b] = [part.backends ?? {}, whole.backends ?? {}];
  const labels = a.selector?.matchLabels ?? {};
  return (
    subset(part.ports, whole.ports) &&
    subset(a.podNames, b.podNames) &&
    subset(a.nodeNames, b.nodeNames) &&
    subset(a.zones, b.zones) &&
    subset(a.addresses, b.addresses) &&
    Object.entries(b.selector?.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  );
}

export const sameReach = (a: Reach, b: Reach) => isWithin(a, b) && isWithin(b, a);
