import type { KubeObject } from '@kubecity/mini-apiserver';
import { NODE_ADDRESS } from '../lab/lab.ts';

type Fields = Record<string, KubeObject[string]>;

/** A small city on one node: the objects that `testdata/kube-proxy.rules` was written for, and nothing else. */
export const NODE = 'node-a';
export const POD_RANGE = '10.244.0.0/16';
/** Endpoints, by the name of their host in the lab; both serve TCP and UDP on 8080. */
export const PODS = { p1: '10.244.1.1', p2: '10.244.1.2' };
export const WEB = { clusterIP: '10.96.0.10', nodePort: 30080 };
/** Policy Local: of its endpoints only p1 is said to be on this node. */
export const SHOP = { clusterIP: '10.96.0.11', nodePort: 30081, balancer: '192.0.2.10', healthCheckNodePort: 32001 };
export const EMPTY = { clusterIP: '10.96.0.12' };

const ports = (nodePort?: number) => [
  { name: 'http', protocol: 'TCP', port: 80, targetPort: 8080, ...(nodePort && { nodePort }) },
];

export const CITY: readonly KubeObject[] = [
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: NODE },
    status: { addresses: [{ type: 'InternalIP', address: NODE_ADDRESS }] },
  },
  service('web', WEB.clusterIP, {
    type: 'NodePort',
    ports: [...ports(WEB.nodePort), { name: 'dns', protocol: 'UDP', port: 53, targetPort: 8080, nodePort: 30053 }],
  }),
  slice('web', [
    { name: 'http', protocol: 'TCP', port: 8080 },
    { name: 'dns', protocol: 'UDP', port: 8080 },
  ]),
  service(
    'shop',
    SHOP.clusterIP,
    {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: SHOP.healthCheckNodePort,
      ports: ports(SHOP.nodePort),
    },
    { loadBalancer: { ingress: [{ ip: SHOP.balancer }] } },
  ),
  slice('shop', [{ name: 'http', protocol: 'TCP', port: 8080 }]),
  service('empty', EMPTY.clusterIP, { type: 'ClusterIP', ports: ports() }),
];

function service(name: string, clusterIP: string, spec: Fields, status: Fields = { loadBalancer: {} }): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'city', name },
    spec: { clusterIP, clusterIPs: [clusterIP], ipFamilies: ['IPv4'], ...spec },
    status,
  };
}

function slice(name: string, ports: Fields[]): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'city', name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports,
    endpoints: Object.values(PODS).map((address, i) => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: i === 0 ? NODE : 'node-b',
    })),
  };
}
