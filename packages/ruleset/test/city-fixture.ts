import {
  buildRoutingTable,
  type KubeEndpointSlice,
  type KubeRoutingOverride,
  type KubeService,
} from '@kubecity/routing';
import { type CompileOptions, defaultCompileOptions } from '../src/index.ts';

/** The address plan of every test here: pods 10.244.N.0/24 on node-a, node-b…, Services 10.96.0.0/16. */
export const OPTIONS: CompileOptions = {
  ...defaultCompileOptions('IPv4'),
  localDetect: { kind: 'cidr', cidr: '10.244.0.0/16' },
  nodeAddresses: ['192.168.10.11'],
};

export const OPTIONS_IPV6: CompileOptions = {
  ...defaultCompileOptions('IPv6'),
  localDetect: { kind: 'cidr', cidr: 'fd00:244::/48' },
  nodeAddresses: ['2001:db8:10::11'],
};

export function service(name: string, clusterIP: string, ports = [{ name: 'http', port: 80 }]): KubeService {
  return { metadata: { namespace: 'shop', name, uid: `uid-${name}` }, spec: { type: 'ClusterIP', clusterIP, ports } };
}

export function slice(name: string, addresses: readonly string[], port = 8080): KubeEndpointSlice {
  return {
    metadata: { namespace: 'shop', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({
      addresses: [address],
      conditions: { ready: true },
      nodeName: `node-${'abcdefgh'[Number(address.split('.')[2])] ?? 'z'}`,
      targetRef: { kind: 'Pod', namespace: 'shop', name: `${name}-${address.split('.')[3]}`, uid: `pod-${address}` },
    })),
  };
}

export function weight(serviceName: string, pod: string, value: number): KubeRoutingOverride {
  return {
    metadata: {
      namespace: 'shop',
      name: `${serviceName}-${pod}`,
      uid: `override-${pod}`,
      generation: 1,
      creationTimestamp: '2026-11-22T10:00:00Z',
    },
    spec: { service: serviceName, backends: { podNames: [pod] }, weight: value },
  };
}

export function table(
  services: KubeService[],
  endpointSlices: KubeEndpointSlice[],
  overrides: KubeRoutingOverride[] = [],
  node = 'node-a',
) {
  return buildRoutingTable({ services, endpointSlices, overrides, pods: [], node: { name: node } });
}

/** A Service behind every door: cluster IP, node port and load balancer; its slice has an endpoint here and one there. */
export const front = (spec: object = {}): KubeService => ({
  metadata: { namespace: 'shop', name: 'front' },
  spec: {
    type: 'LoadBalancer',
    clusterIP: '10.96.0.70',
    ports: [{ name: 'http', port: 80, nodePort: 30_070 }],
    ...spec,
  },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] } },
});
export const HERE_AND_THERE = [slice('front', ['10.244.0.5', '10.244.1.5'])];
