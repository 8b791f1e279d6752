import type { KubeEndpointSlice, KubePod, KubeRoutingOverride, KubeService } from '../src/index.ts';

export function service(name: string, spec: Partial<NonNullable<KubeService['spec']>> = {}): KubeService {
  return {
    metadata: { namespace: 'shop', name },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.9', ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
  };
}

export type EndpointSpec = {
  ip: string;
  ready?: boolean;
  serving?: boolean;
  terminating?: boolean;
  node?: string;
  zone?: string;
  forZones?: readonly string[];
  forNodes?: readonly string[];
};

/** Pods are named after the last part of the address: 10.244.1.7 and fd00::7 are `pod-7`. */
export function slice(
  serviceName: string,
  endpoints: readonly EndpointSpec[],
  name = `${serviceName}-1`,
  addressType = 'IPv4',
): KubeEndpointSlice {
  return {
    metadata: { namespace: 'shop', name, labels: { 'kubernetes.io/service-name': serviceName } },
    addressType,
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: endpoints.map(({ ip, node, zone, forZones, forNodes, ...conditions }) => ({
      addresses: [ip],
      conditions,
      ...(node && { nodeName: node }),
      ...(zone && { zone }),
      hints: { forZones: forZones?.map((name) => ({ name })), forNodes: forNodes?.map((name) => ({ name })) },
      targetRef: { kind: 'Pod', namespace: 'shop', name: podName(ip), uid: `uid-${podName(ip)}` },
    })),
  };
}

export function podName(ip: string): string {
  return `pod-${ip.split(/[.:]/).at(-1)}`;
}

export function pod(ip: string, labels: Record<string, string>): KubePod {
  return {
    metadata: { namespace: 'shop', name: podName(ip), uid: `uid-${podName(ip)}`, labels },
    status: { podIP: ip, phase: 'Running' },
  };
}

export function override(
  name: string,
  spec: Record<string, unknown>,
  createdAt = '2026-11-22T10:00:00Z',
): KubeRoutingOverride {
  return {
    metadata: { namespace: 'shop', name, uid: `uid-${name}`, generation: 1, creationTimestamp: createdAt },
    spec: { service: 'cart', ...spec },
  };
}
