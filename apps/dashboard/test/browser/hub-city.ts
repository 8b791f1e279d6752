import type { EdgeKey } from '@kubecity/protocol';
import { random } from '../../src/map/geometry.ts';
import { node } from '../server/objects.ts';

/** Of a city of Services that call each other: its objects as the API has them, and the edges that each node's agent counts. */
export interface HubCity {
  readonly nodes: readonly string[];
  /** `apiVersion`, kind and the rest of each object. */
  readonly objects: readonly (readonly [apiVersion: string, kind: string, object: object])[];
  /** By node: what is counted there, and how much of it comes every second. */
  readonly edges: ReadonlyMap<string, readonly CountedEdge[]>;
}

export interface CountedEdge {
  readonly key: EdgeKey;
  /** Whole numbers. */
  readonly perSecond: {
    readonly opened: number;
    readonly refused: number;
    readonly there: number;
    readonly back: number;
  };
}

interface CityPod {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly ip: string;
}

const SERVICES = 4;
const PODS = 3;

/** So many namespaces, each with Services of three pods and a job that backs none, spread over nodes of three zones. Seeded. */
export function hubCity(namespaces: number, nodeCount: number): HubCity {
  const draw = random(7);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)] as T;
  const nodes = Array.from({ length: nodeCount }, (_, i) => `node-${i}`);
  const objects: [string, string, object][] = nodes.map((name, i) => ['v1', 'Node', node(name, `zone-${i % 3}`)]);
  const pods: CityPod[] = [];
  const stand = (namespace: string, name: string, app: string): CityPod => {
    const i = pods.length;
    const one = { uid: `uid-${i}`, namespace, name, node: pick(nodes), ip: `10.${40 + (i >> 8)}.${i & 255}.2` };
    pods.push(one);
    objects.push(['v1', 'Pod', podObject(one, app)]);
    return one;
  };
  const served: { readonly servicePort: string; readonly pods: readonly CityPod[] }[] = [];
  for (let n = 0; n < namespaces; n += 1) {
    const namespace = `team-${n}`;
    objects.push(['v1', 'Namespace', { metadata: { name: namespace } }]);
    stand(namespace, 'job-0', 'job');
    for (let s = 0; s < SERVICES; s += 1) {
      const name = `svc-${s}`;
      const own = Array.from({ length: PODS }, (_, i) => stand(namespace, `${name}-${i}`, name));
      objects.push(['v1', 'Service', serviceObject(namespace, name, `10.96.${n}.${s + 1}`)]);
      objects.push(['discovery.k8s.io/v1', 'EndpointSlice', sliceObject(namespace, name, own)]);
      served.push({ servicePort: `${namespace}/${name}:http/TCP`, pods: own });
    }
  }
  const edges = new Map(nodes.map((name) => [name, [] as CountedEdge[]]));
  const count = (at: string, key: EdgeKey) =>
    edges.get(at)?.push({
      key,
      perSecond: {
        opened: Math.ceil(draw() ** 4 * 60),
        refused: draw() < 0.1 ? Math.ceil(draw() * 5) : 0,
        there: Math.floor(draw() * 40_000),
        back: Math.floor(draw() * 400_000),
      },
    });
  for (const one of pods) {
    for (let i = 0; i < 3; i += 1) {
      const { servicePort, pods: backends } = pick(served);
      count(one.node, { client: clientOf(one), servicePort, ...backendOf(pick(backends)) });
    }
  }
  for (const { servicePort, pods: backends } of served.slice(0, namespaces)) {
    const client = { kind: 'outside', network: '203.0.113.0/24' } as const;
    count(pick(nodes), { client, servicePort, ...backendOf(pick(backends)) });
  }
  // Past every Service: from pod to pod, and a node that probes.
  for (let i = 0; i < namespaces; i += 1) {
    const from = pick(pods);
    count(from.node, { client: clientOf(from), servicePort: '', ...backendOf(pick(pods)) });
    const to = pick(pods);
    count(to.node, { client: { kind: 'node', name: to.node }, servicePort: '', ...backendOf(to) });
  }
  return { nodes, objects, edges };
}

const clientOf = ({ uid, namespace, name }: CityPod) => ({ kind: 'pod', uid, namespace, name }) as const;
const backendOf = ({ uid, namespace, name, ip }: CityPod) => ({
  backend: `${ip}:8080`,
  pod: { uid, namespace, name },
});

const podObject = ({ uid, namespace, name, node: nodeName, ip }: CityPod, app: string) => ({
  metadata: { uid, namespace, name, labels: { app } },
  spec: { nodeName },
  status: { phase: 'Running', podIP: ip, conditions: [{ type: 'Ready', status: 'True' }] },
});

const serviceObject = (namespace: string, name: string, clusterIP: string) => ({
  metadata: { namespace, name },
  spec: { type: 'ClusterIP', clusterIP, ports: [{ name: 'http', port: 80 }] },
});

const sliceObject = (namespace: string, name: string, pods: readonly CityPod[]) => ({
  metadata: { namespace, name: `${name}-x1`, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: pods.map((pod) => ({
    addresses: [pod.ip],
    conditions: { ready: true },
    nodeName: pod.node,
    targetRef: { kind: 'Pod', namespace, name: pod.name, uid: pod.uid },
  })),
});
