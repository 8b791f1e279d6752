import type { EdgeKey } from '@kubecity/protocol';

/**
 * A cluster for the map, by its number of pods: a node and a namespace for each 50, a Service for each ten, which back it.
 * Every Service is called by the pods of one other, most often of its own namespace, and some from outside: one street and
 * 20 edges each.
 */
export class World {
  readonly pods: number;
  readonly nodes: number;
  readonly namespaces: number;
  readonly services: number;

  constructor(pods: number) {
    this.pods = pods;
    this.nodes = Math.ceil(pods / 50);
    this.namespaces = Math.ceil(pods / 50);
    this.services = Math.ceil(pods / BACKENDS);
  }

  get edges(): number {
    return this.services * EDGES_PER_SERVICE;
  }

  /** What the API server is told. */
  objects(): object[] {
    return [
      ...range(this.namespaces).map((of) => ({ ...CORE, kind: 'Namespace', metadata: { name: namespaceName(of) } })),
      ...range(this.nodes).map(node),
      ...range(this.services).flatMap((service) => [
        ...range(BACKENDS).map((index) => this.#pod(service, index)),
        this.#service(service),
        this.#slice(service),
      ]),
    ];
  }

  /** The edges that each node counts: those of its clients; what comes from outside is met where it enters. */
  edgesByNode(): EdgeKey[][] {
    const byNode: EdgeKey[][] = range(this.nodes).map(() => []);
    for (const service of range(this.services)) {
      const caller = this.#callerOf(service);
      for (const edge of range(EDGES_PER_SERVICE)) {
        const client = edge % BACKENDS;
        // each client calls two backends
        const backend = (client * 3 + Math.floor(edge / BACKENDS) * 5 + service) % BACKENDS;
        const node = this.#nodeOf(caller ?? service, client);
        byNode[node]?.push(this.#edge(service, caller, edge, backend));
      }
    }
    return byNode;
  }

  /** Undefined: from outside. */
  #callerOf(service: number): number | undefined {
    if (service % 50 === 0) return undefined;
    const perNamespace = Math.ceil(this.services / this.namespaces);
    const first = service - (service % perNamespace);
    const neighbour = first + ((service - first + 1) % perNamespace);
    return service % 3 === 0 ? (service * 7 + 3) % this.services : Math.min(neighbour, this.services - 1);
  }

  #edge(service: number, caller: number | undefined, edge: number, backend: number): EdgeKey {
    return {
      client:
        caller === undefined
          ? { kind: 'outside', network: `198.51.${100 + edge}.0/24` }
          : this.#podRef(caller, edge % BACKENDS, { kind: 'pod' } as const),
      servicePort: `${this.#serviceKey(service)}:http/TCP`,
      backend: `${address(service, backend)}:8080`,
      pod: this.#podRef(service, backend, {}),
    };
  }

  #podRef<T extends object>(service: number, index: number, more: T) {
    const name = podName(service, index);
    return { ...more, uid: uidOf(service, index), namespace: this.#namespaceOf(service), name };
  }

  #namespaceOf = (service: number) => namespaceName(Math.floor((service * this.namespaces) / this.services));
  #serviceKey = (service: number) => `${this.#namespaceOf(service)}/${serviceName(service)}`;
  #nodeOf = (service: number, index: number) => (service * 7 + index) % this.nodes;

  #pod(service: number, index: number): object {
    const ip = address(service, index);
    return {
      ...CORE,
      kind: 'Pod',
      metadata: {
        namespace: this.#namespaceOf(service),
        name: podName(service, index),
        uid: uidOf(service, index),
        labels: { app: serviceName(service), 'pod-template-hash': `7d9f${service}`, tier: 'bench' },
      },
      spec: { nodeName: nodeName(this.#nodeOf(service, index)), containers: [] },
      status: {
        ...{ phase: 'Running', podIP: ip, podIPs: [{ ip }] },
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    };
  }

  #service(service: number): object {
    const clusterIP = `10.96.${Math.floor(service / 250)}.${(service % 250) + 1}`;
    return {
      ...CORE,
      kind: 'Service',
      metadata: { namespace: this.#namespaceOf(service), name: serviceName(service) },
      spec: {
        ...{ clusterIP, clusterIPs: [clusterIP] },
        ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
      },
    };
  }

  #slice(service: number): object {
    const namespace = this.#namespaceOf(service);
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        namespace,
        name: `${serviceName(service)}-4`,
        labels: { 'kubernetes.io/service-name': serviceName(service) },
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: range(BACKENDS).map((index) => ({
        addresses: [address(service, index)],
        conditions: { ready: true },
        nodeName: nodeName(this.#nodeOf(service, index)),
        targetRef: { kind: 'Pod', namespace, name: podName(service, index), uid: uidOf(service, index) },
      })),
    };
  }
}

const BACKENDS = 10;
const EDGES_PER_SERVICE = 20;
const ZONES = ['north', 'south', 'west'];
const CORE = { apiVersion: 'v1' };

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
export const nodeName = (index: number) => `node-${index}`;
const namespaceName = (index: number) => `team-${index}`;
const serviceName = (index: number) => `service-${index}`;
const podName = (service: number, index: number) => `service-${service}-7d9f${service}-${index}`;
const uidOf = (service: number, index: number) =>
  `00000000-0000-4000-8000-${String(service * BACKENDS + index).padStart(12, '0')}`;

function address(service: number, index: number): string {
  const place = service * BACKENDS + index;
  return `10.${1 + Math.floor(place / 62_500)}.${Math.floor(place / 250) % 250}.${(place % 250) + 1}`;
}

function node(index: number): object {
  return {
    ...CORE,
    kind: 'Node',
    metadata: { name: nodeName(index), labels: { 'topology.kubernetes.io/zone': ZONES[index % ZONES.length] } },
    status: {
      addresses: [{ type: 'InternalIP', address: `172.18.${Math.floor(index / 250)}.${(index % 250) + 1}` }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}
