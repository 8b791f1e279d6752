import ipaddr from 'ipaddr.js';
import { isObject, type Json, type JsonObject, type KubeObject, listAt, objectAt, stringAt } from './object.ts';

/** One pod as an endpoint of a Service, with the ports it serves there. */
export interface PodEndpoint {
  /** Of the pod: an endpoint is the same one as long as this is. */
  readonly uid: string;
  readonly endpoint: JsonObject;
  readonly ports: JsonObject[];
}

export const ZONE_LABEL = 'topology.kubernetes.io/zone';

/** The endpoint, or undefined for a pod that has no address or will never serve again. */
export function podEndpoint(
  service: KubeObject,
  pod: KubeObject,
  node: KubeObject | undefined,
): PodEndpoint | undefined {
  const address = ipv4Of(pod);
  const phase = stringAt(pod, 'status', 'phase');
  if (address === undefined || phase === 'Succeeded' || phase === 'Failed') return undefined;
  const { name, namespace, uid = '' } = pod.metadata;
  const serving = isReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const ready = objectAt(service, 'spec').publishNotReadyAddresses === true || (serving && !terminating);
  const hostname = stringAt(pod, 'spec', 'hostname');
  const isHost = hostname !== undefined && stringAt(pod, 'spec', 'subdomain') === service.metadata.name;
  const zone = node?.metadata.labels?.[ZONE_LABEL];
  const nodeName = stringAt(pod, 'spec', 'nodeName');
  return {
    uid,
    endpoint: {
      addresses: [address],
      conditions: { ready, serving, terminating },
      ...(isHost ? { hostname } : {}),
      targetRef: { kind: 'Pod', namespace, name, uid },
      ...(nodeName ? { nodeName } : {}),
      ...(zone ? { zone } : {}),
    },
    ports: endpointPorts(service, pod),
  };
}

function isReady(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (one) => isObject(one) && one.type === 'Ready' && one.status === 'True',
  );
}

function ipv4Of(pod: KubeObject): string | undefined {
  const addresses = [
    stringAt(pod, 'status', 'podIP'),
    ...listAt(pod, 'status', 'podIPs').map((one) => stringAt(one, 'ip')),
  ];
  return addresses.find((address) => address !== undefined && ipaddr.IPv4.isValidFourPartDecimal(address));
}

/** The Service's ports on this pod; a named target port that the pod does not have is left out. */
function endpointPorts(service: KubeObject, pod: KubeObject): JsonObject[] {
  return listAt(service, 'spec', 'ports').flatMap((port) => {
    if (!isObject(port)) return [];
    const protocol = port.protocol ?? 'TCP';
    const number = targetPort(port.targetPort ?? port.port, protocol, pod);
    if (number === undefined) return [];
    const { appProtocol } = port;
    return [{ name: port.name ?? '', protocol, port: number, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

function targetPort(target: Json | undefined, protocol: Json, pod: KubeObject): Json | undefined {
  if (typeof target !== 'string') return target;
  const containers = [...listAt(pod, 'spec', 'containers'), ...listAt(pod, 'spec', 'initContainers')];
  const ports = containers.flatMap((container) => listAt(container, 'ports')).filter(isObject);
  return ports.find((port) => port.name === target && (port.protocol ?? 'TCP') === protocol)?.containerPort;
}
