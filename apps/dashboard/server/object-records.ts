import type { CityRecord, ServicePolicy } from '@kubecity/protocol';
import {
  type Backend,
  type KubeNode,
  type KubePod,
  type KubeService,
  type Problem,
  type ServicePort,
  servicePortKey,
} from '@kubecity/routing';
import { backendId } from '@kubecity/steering';

/** Kubernetes objects as records of the map: pure, one object in, one record out. */

const ZONE_LABEL = 'topology.kubernetes.io/zone';

type Conditions = readonly { readonly type: string; readonly status: string }[] | undefined;
const isTrue = (conditions: Conditions, type: string) =>
  conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;

export function nodeRecord(node: KubeNode, agent: CityRecord<'node'>['agent']): CityRecord<'node'> {
  return {
    name: node.metadata.name,
    zone: node.metadata.labels?.[ZONE_LABEL],
    ready: isTrue(node.status?.conditions, 'Ready'),
    addresses: (node.status?.addresses ?? []).filter(({ type }) => type.endsWith('IP')).map(({ address }) => address),
    podCIDR: node.spec?.podCIDR,
    agent,
  };
}

export function podRecord(
  { metadata, spec, status }: KubePod,
  gates: CityRecord<'pod'>['gates'] = undefined,
): CityRecord<'pod'> {
  return {
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    node: spec?.nodeName,
    ip: status?.podIP,
    phase: status?.phase ?? 'Unknown',
    ready: isTrue(status?.conditions, 'Ready'),
    terminating: metadata.deletionTimestamp !== undefined,
    labels: { ...metadata.labels },
    ...(gates && { gates }),
  };
}

export function serviceRecord(
  { metadata, spec, status }: KubeService,
  problems: readonly Problem[],
): CityRecord<'service'> {
  const namespace = metadata.namespace ?? '';
  return {
    namespace,
    name: metadata.name,
    type: spec?.type ?? 'ClusterIP',
    clusterIP: spec?.clusterIP,
    ports: (spec?.ports ?? []).map(({ name = '', port, protocol = 'TCP', targetPort, nodePort }) => ({
      key: servicePortKey(namespace, metadata.name, name, protocol),
      name,
      port,
      protocol,
      targetPort: targetPort === undefined ? undefined : String(targetPort),
      nodePort,
    })),
    policy: policyOf({ metadata, spec, status }),
    problems: problems.map(({ kind, name, field, message }) => ({
      field: kind === 'Service' ? field : `${kind} ${name} ${field}`,
      message,
    })),
  };
}

/** Three hours: what `sessionAffinity: ClientIP` means without a time. */
const AFFINITY_SECONDS = 10_800;
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode';

function policyOf({ metadata, spec, status }: KubeService): ServicePolicy {
  const local = (policy: string | undefined) => (policy === 'Local' ? 'Local' : 'Cluster');
  const externalIPs = [...(spec?.externalIPs ?? [])];
  const outside = spec?.type === 'NodePort' || spec?.type === 'LoadBalancer' || externalIPs.length > 0;
  const kept = spec?.sessionAffinity === 'ClientIP';
  const { trafficDistribution, externalName } = (spec ?? {}) as {
    readonly trafficDistribution?: string;
    readonly externalName?: string;
  };
  return {
    affinitySeconds: kept ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS) : undefined,
    internalTraffic: local(spec?.internalTrafficPolicy),
    externalTraffic: outside ? local(spec?.externalTrafficPolicy) : undefined,
    externalIPs,
    loadBalancers: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []),
    sourceRanges: [...(spec?.loadBalancerSourceRanges ?? [])],
    healthCheckNodePort: spec?.healthCheckNodePort || undefined,
    externalName: spec?.type === 'ExternalName' ? externalName : undefined,
    distribution: trafficDistribution ?? metadata.annotations?.[TOPOLOGY_MODE],
  };
}

/** Backend records of one service port in one family by id; shares are of the connections of that family. */
export function backendRecords(
  port: ServicePort,
  hintsOf: (address: string) => CityRecord<'backend'>['hints'],
): Map<string, CityRecord<'backend'>> {
  const counts = (backend: Backend) => (backend.usable ? backend.weight : 0);
  const total = port.backends.reduce((sum, backend) => sum + counts(backend), 0);
  return new Map(
    port.backends.map((backend) => [
      backendId(port.key, backend),
      {
        service: `${port.namespace}/${port.name}`,
        servicePort: port.key,
        address: backend.address,
        port: backend.port,
        node: backend.node,
        zone: backend.zone,
        podUid: backend.podUid,
        podName: backend.podName,
        usable: backend.usable,
        ready: backend.ready,
        serving: backend.serving,
        hints: hintsOf(backend.address),
        terminating: backend.terminating,
        weight: backend.weight,
        draining: backend.draining,
        overrideUid: backend.overrideUid,
        wishedShare: total === 0 ? 0 : counts(backend) / total,
      },
    ]),
  );
}
