import type { KubeEndpointSlice, KubePod, KubeRoutingOverride, KubeService } from '@kubecity/routing';
import type { SteerCity } from '../src/index.ts';

/** Short makers of objects: namespace `shop` unless told otherwise. */
export const NOW = Date.parse('2026-11-22T12:00:00Z');

const meta = (namespace: string, name: string, more: object = {}) => ({ namespace, name, uid: `uid-${name}`, ...more });

export interface PodSpec {
  readonly name?: string;
  readonly ip: string;
  readonly node?: string;
  readonly zone?: string;
  readonly ready?: boolean;
  readonly labels?: Record<string, string>;
}

export interface ServiceSpec {
  readonly namespace?: string;
  readonly name: string;
  readonly pods: readonly PodSpec[];
  readonly ports?: readonly string[];
  readonly floor?: string;
  readonly affinity?: boolean;
}

/** Services with a slice each, and the pods behind them. */
export function city(services: readonly ServiceSpec[], overrides: readonly KubeRoutingOverride[] = []) {
  const pods = new Map<string, KubePod>();
  for (const { namespace = 'shop', pods: members } of services) {
    for (const { name, ip, node = 'node-a', labels = {} } of members) {
      if (name === undefined) continue;
      const metadata = meta(namespace, name, { labels });
      pods.set(`${namespace}/${name}`, { metadata, spec: { nodeName: node }, status: { podIP: ip } });
    }
  }
  return {
    services: services.map(service),
    endpointSlices: services.map(slice),
    pods: [...pods.values()],
    overrides,
    now: NOW,
  } satisfies SteerCity;
}

function service({ namespace = 'shop', name, ports = ['http'], floor, affinity }: ServiceSpec, i: number): KubeService {
  const annotations = floor === undefined ? undefined : { 'kubecity.dev/floor': floor };
  return {
    metadata: meta(namespace, name, { annotations }),
    spec: {
      type: 'ClusterIP',
      clusterIP: `10.96.0.${i + 1}`,
      ports: ports.map((name, k) => ({ name, port: 80 + k })),
      ...(affinity && { sessionAffinity: 'ClientIP' }),
    },
  };
}

function slice({ namespace = 'shop', name, pods, ports = ['http'] }: ServiceSpec): KubeEndpointSlice {
  return {
    metadata: meta(namespace, `${name}-x1`, { labels: { 'kubernetes.io/service-name': name } }),
    addressType: 'IPv4',
    ports: ports.map((name, k) => ({ name, port: 8080 + k })),
    endpoints: pods.map(({ name, ip, node = 'node-a', zone, ready = true }) => ({
      addresses: [ip],
      conditions: { ready },
      nodeName: node,
      ...(zone && { zone }),
      ...(name && { targetRef: { kind: 'Pod', namespace, name, uid: `uid-${name}` } }),
    })),
  };
}

export function override(name: string, spec: object, more: object = {}): KubeRoutingOverride {
  const metadata = { generation: 1, creationTimestamp: '2026-11-22T10:00:00Z', resourceVersion: '7', ...more };
  return { metadata: meta('shop', name, metadata), spec };
}

export function clusterOverride(name: string, spec: object, more: object = {}): KubeRoutingOverride {
  const { metadata } = override(name, spec, more);
  return { metadata: { ...metadata, namespace: undefined }, spec };
}

export const cartPort = 'shop/cart:http/TCP';
export const cart1 = `${cartPort}|10.0.0.1:8080`;
export const cart2 = `${cartPort}|10.0.0.2:8080`;

/** Service cart with pods cart-1 and cart-2. */
export const cart: ServiceSpec = {
  name: 'cart',
  pods: [
    { name: 'cart-1', ip: '10.0.0.1' },
    { name: 'cart-2', ip: '10.0.0.2' },
  ],
};

/** Four pods over two nodes and zones, two of version v2. */
export const four: ServiceSpec = {
  name: 'cart',
  pods: [1, 2, 3, 4].map((n) => ({
    name: `cart-${n}`,
    ip: `10.0.0.${n}`,
    node: n <= 2 ? 'node-a' : 'node-b',
    zone: n <= 2 ? 'zone-1' : 'zone-2',
    labels: { version: n % 2 === 0 ? 'v2' : 'v1' },
  })),
};
