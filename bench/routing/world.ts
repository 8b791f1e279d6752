import type { KubeEndpointSlice, KubeNode, KubeService } from '@kubecity/routing';

/** Objects as the API server serves them. */
export type ServiceObject = KubeService & { readonly apiVersion: string; readonly kind: string };
export type SliceObject = KubeEndpointSlice & { readonly apiVersion: string; readonly kind: string };
export type NodeObject = KubeNode & { readonly apiVersion: string; readonly kind: string };

export interface Size {
  readonly services: number;
  readonly endpoints: number;
}

export const NODE = 'node-0001';
export const ZONES = ['zone-a', 'zone-b'] as const;
export type Zone = (typeof ZONES)[number];

const SLICE_SIZE = 100;
const PODS_PER_NODE = 100;
const FIRST_SUCCESSOR = 0x40_0000;

/** `5000x4`: Services × endpoints of each. @throws RangeError */
export function parseSize(text: string): Size {
  const [, services, endpoints] = /^([1-9]\d*)x([1-9]\d*)$/.exec(text) ?? [];
  const size = { services: Number(services), endpoints: Number(endpoints) };
  if (!(size.services <= 60_000 && size.services * size.endpoints <= 4_000_000)) {
    throw new RangeError(`no size: ${text}; give Services x endpoints of each, such as 5000x4`);
  }
  return size;
}

export const sizeText = ({ services, endpoints }: Size): string => `${services}x${endpoints}`;

/** One Service. Cluster IPs lie scattered over 10.96.0.0/16, as an API server allocates them. */
export function service(index: number): ServiceObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: serviceName(index),
      namespace: namespaceOf(index),
      uid: uid('5', index),
      creationTimestamp: '2026-01-01T00:00:00Z',
      // kube-proxy read this until v1.32; since then the hints alone count.
      annotations: { 'service.kubernetes.io/topology-mode': 'Auto' },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: clusterIP(index),
      clusterIPs: [clusterIP(index)],
      ipFamilies: ['IPv4'],
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
    },
    status: { loadBalancer: {} },
  };
}

/** An odd factor permutes the numbers below 2^16. */
export function clusterIP(index: number): string {
  const offset = (index * 40_503 + 1_000) % 65_536;
  return `10.96.${offset >> 8}.${offset & 255}`;
}

/**
 * The endpoints of all Services, at most 100 in a slice.
 *
 * Every endpoint carries zone hints: the first serves zone-a only, the last zone-b only, those between serve both. So a
 * node without a zone uses all of them, and moving it between the zones changes every Service.
 */
export class Pods {
  readonly #perService: number;
  /** Pods that took the place of another one, numbered in that order. */
  readonly #successors = new Map<number, number>();

  constructor({ endpoints }: Size) {
    this.#perService = endpoints;
  }

  slices(index: number, count = this.#perService): SliceObject[] {
    return Array.from({ length: Math.ceil(count / SLICE_SIZE) }, (_, part) => this.#slice(index, part, count));
  }

  /** One pod makes room for another with a new address. */
  replace(index: number, at: number): SliceObject {
    this.#successors.set(index * this.#perService + at, this.#successors.size);
    return this.#slice(index, Math.floor(at / SLICE_SIZE), this.#perService);
  }

  #slice(index: number, part: number, count: number): SliceObject {
    const first = part * SLICE_SIZE;
    const length = Math.min(SLICE_SIZE, count - first);
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${serviceName(index)}-${part.toString(36).padStart(5, '0')}`,
        namespace: namespaceOf(index),
        uid: uid('e', index, part),
        labels: {
          'kubernetes.io/service-name': serviceName(index),
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
      endpoints: Array.from({ length }, (_, at) => this.#endpoint(index, first + at)),
    };
  }

  #endpoint(index: number, at: number) {
    const pod = index * this.#perService + at;
    const successor = this.#successors.get(pod);
    const zones = at === 0 ? ZONES.slice(0, 1) : at === this.#perService - 1 ? ZONES.slice(1) : ZONES;
    return {
      addresses: [podAddress(successor === undefined ? pod : FIRST_SUCCESSOR + successor)],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: `node-${String(Math.floor(pod / PODS_PER_NODE) + 1).padStart(4, '0')}`,
      zone: zones[0] as string,
      hints: { forZones: zones.map((name) => ({ name })) },
      targetRef: {
        kind: 'Pod',
        namespace: namespaceOf(index),
        name: `${serviceName(index)}-${at}${successor === undefined ? '' : `-${successor}`}`,
        uid: uid('d', pod, successor ?? 0),
      },
    };
  }
}

/** 10.128.0.0/10 for the first pods, 10.192.0.0/10 for those that replace them. */
function podAddress(pod: number): string {
  return `10.${128 + (pod >> 16)}.${(pod >> 8) & 255}.${pod & 255}`;
}

/** The node that the bench runs on; at first nobody has told it its zone. */
export function node(zone?: Zone): NodeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: NODE,
      uid: uid('0', 1),
      labels: { 'kubernetes.io/hostname': NODE, ...(zone !== undefined && { 'topology.kubernetes.io/zone': zone }) },
    },
    spec: { podCIDR: '10.128.0.0/24', podCIDRs: ['10.128.0.0/24'] },
    status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], conditions: [] },
  };
}

/** All pods, whatever their generation. */
export const POD_RANGE = '10.128.0.0/9';

const serviceName = (index: number): string => `service-${String(index).padStart(5, '0')}`;
const namespaceOf = (index: number): string => `team-${String(index % 50).padStart(2, '0')}`;

function uid(kind: string, one: number, two = 0): string {
  const hex = (value: number, length: number) => value.toString(16).padStart(length, '0');
  return `${kind.padStart(8, '0')}-0000-4000-8000-${hex(two, 4)}${hex(one, 8)}`;
}
