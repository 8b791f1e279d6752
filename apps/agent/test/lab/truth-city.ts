import type { ChildProcess } from 'node:child_process';
import { resources } from '@kubecity/kube';
import type { KubeObject } from '@kubecity/mini-apiserver';
import { AgentCity } from './agent-city.ts';
import { eventually } from './eventually.ts';
import { KernelFlows } from './kernel-flows.ts';
import type { Totals } from './told-edges.ts';
import { serve, TrafficClient } from './traffic.ts';
import { type OpenClasses, TruthBook } from './truth-book.ts';
import { TruthHub } from './truth-hub.ts';
import { OUTSIDE, type Place, type PodPlace, TwoNodes } from './two-nodes.ts';

/** Of every pod that serves; the ports that Services point to. */
export const HTTP = 8080;
export const DNS = 5353;

/** A Service port as the API server is told of it; UDP ones lead to `DNS`, others to `HTTP` unless told. */
export interface CityPort {
  readonly name: string;
  readonly port: number;
  readonly protocol?: 'TCP' | 'UDP';
  readonly targetPort?: number;
  readonly nodePort?: number;
}

export interface CityService {
  readonly name: string;
  readonly clusterIPs: readonly [string, string];
  readonly ports: readonly CityPort[];
  /** Names of pods. */
  readonly pods: readonly string[];
  /** Of those, the ones that are not ready. */
  readonly unready?: readonly string[];
  readonly spec?: object;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface CityPod extends PodPlace {
  readonly uid: string;
  readonly programs: ChildProcess[];
}

/** A cluster of a few nodes in both families with real agents, real rules and real traffic, and two accounts of it. */
export class TruthCity extends AgentCity {
  readonly book = new TruthBook((name) => this.pod(name));
  readonly hub: TruthHub;
  readonly #kernels = new Map<string, KernelFlows>();
  readonly #pods = new Map<string, CityPod>();
  readonly #clients = new Map<string, TrafficClient>();

  constructor(nodes?: readonly string[]) {
    super(new TwoNodes(nodes), { 'accounting-ms': '200' });
    this.hub = new TruthHub(this.path('hub.sock'));
  }

  /** Everything but the agents: kernels count, and are listened to. */
  override async open(): Promise<void> {
    await super.open();
    await this.kube.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    // conntrack 1.4.7 gives its listening socket no larger buffer whatever -b says: some 256 ended connections at once are
    // all that it can hear of. What is over therefore stays in the table until the test is, but for the reset ones.
    this.net.set('netfilter/nf_conntrack_tcp_timeout_time_wait', 900);
    // A first rule that looks at connections makes the kernel keep them.
    for (const [name, { addresses }] of this.net.nodes) {
      for (const tool of ['iptables', 'ip6tables']) {
        this.net.run(name, tool, '-A', 'FORWARD', '-m', 'conntrack', '--ctstate', 'INVALID');
      }
      this.putNode(name, Object.values(addresses));
      this.#kernels.set(name, await KernelFlows.of(this.net, name));
    }
  }

  /** A pod, in the kernel and in the API. */
  async addPod(node: string, name: string, number: number, ports: readonly number[] = []): Promise<CityPod> {
    const place = this.net.addPod(node, name, number);
    const pod = { ...place, uid: `uid-${name}`, programs: [] as ChildProcess[] };
    this.#pods.set(name, pod);
    if (ports.length > 0) pod.programs.push(await serve(this.net, place, ports));
    this.put(
      'v1',
      'Pod',
      { namespace: 'shop', name, uid: pod.uid },
      {
        spec: { nodeName: node, containers: [] },
        status: {
          phase: 'Running',
          podIP: place.addresses[4],
          podIPs: Object.values(place.addresses).map((ip) => ({ ip })),
        },
      },
    );
    return pod;
  }

  /** The machine of the pod is gone at once, with whatever its programs had open. */
  async killPod(name: string): Promise<void> {
    const pod = this.pod(name);
    const client = this.#clients.get(name);
    await this.net.removePod(pod, [...pod.programs, ...(client ? [client.child] : [])]);
    this.#clients.delete(name);
  }

  /** The API says that the pod is gone. */
  async deletePod(name: string): Promise<void> {
    await this.kube.delete(resources.pods, { namespace: 'shop', name });
  }

  pod(name: string): CityPod {
    const pod = this.#pods.get(name);
    if (!pod) throw new Error(`there is no pod ${name}`);
    return pod;
  }

  putService({ name, clusterIPs, ports, pods, unready = [], spec, annotations = {} }: CityService): void {
    const full = ports.map((port) => ({ protocol: 'TCP', targetPort: port.protocol === 'UDP' ? DNS : HTTP, ...port }));
    const ipFamilies = ['IPv4', 'IPv6'];
    this.put(
      'v1',
      'Service',
      { namespace: 'shop', name, annotations },
      {
        spec: {
          clusterIP: clusterIPs[0],
          clusterIPs,
          ipFamilies,
          ipFamilyPolicy: 'RequireDualStack',
          ports: full,
          ...spec,
        },
      },
    );
    for (const family of [4, 6] as const) {
      this.put(
        'discovery.k8s.io/v1',
        'EndpointSlice',
        { namespace: 'shop', name: `${name}-${family}`, labels: { 'kubernetes.io/service-name': name } },
        {
          addressType: `IPv${family}`,
          ports: full.map((port) => ({ name: port.name, port: port.targetPort, protocol: port.protocol })),
          endpoints: pods.map((pod) => ({
            addresses: [this.pod(pod).addresses[family]],
            conditions: { ready: !unready.includes(pod) },
            nodeName: this.pod(pod).node,
            targetRef: { kind: 'Pod', namespace: 'shop', name: pod, uid: this.pod(pod).uid },
          })),
        },
      );
    }
  }

  /** What a cloud does: the Service's status names the address of its load balancer. */
  async setBalancer(name: string, ip: string): Promise<void> {
    const service = await this.kube.get(resources.services, { namespace: 'shop', name });
    const { metadata, ...rest } = service as unknown as { metadata: KubeObject['metadata'] };
    this.put('v1', 'Service', metadata, { ...rest, status: { loadBalancer: { ingress: [{ ip }] } } });
  }

  /** A program that opens connections from a pod, a node, or outside. */
  client(name: string): TrafficClient {
    const known = this.#clients.get(name);
    if (known) return known;
    const place: Place = this.net.nodes.get(name) ?? (name === OUTSIDE.netns ? OUTSIDE : this.pod(name));
    const client = new TrafficClient(this.net, place);
    this.#clients.set(name, client);
    return client;
  }

  /** Every node has its rules, and was read so often since: what comes now is new to its agent. */
  async ready(nodes: Iterable<string> = this.net.nodes.keys()): Promise<void> {
    for (const node of nodes) {
      await eventually(() => {
        if (!this.hub.rules.get(node)?.inSync) throw new Error(`${node} is not in sync`);
        this.hub.book(node);
      });
      await this.dumps(node, 2);
    }
  }

  /** Waits until so many further frames were told. */
  async dumps(node: string, count: number): Promise<void> {
    const { frames } = this.hub.book(node);
    await eventually(() => {
      if (this.hub.book(node).frames < frames + count) throw new Error(`${node} has told ${frames} frames`);
    });
  }

  /** What the agents tell, by node. */
  told(): Record<string, Record<string, Totals>> {
    return this.#byNode((node) => this.hub.book(node).totals());
  }

  /** What there was, by node. */
  truth(): Record<string, Record<string, Totals>> {
    return this.#byNode((node) => this.book.totals(node, this.kernel(node).all()));
  }

  /** What the agents tell of what is open; `moving` and `idle` are one, since no table tells them apart. */
  toldOpen(): Record<string, Record<string, OpenClasses>> {
    return this.#byNode((node) =>
      Object.fromEntries(
        Object.entries(this.hub.book(node).classes()).map(([name, { moving, idle, closing, waiting }]) => [
          name,
          { open: moving + idle, closing, waiting },
        ]),
      ),
    );
  }

  /** What the kernels' tables show of it. */
  trueOpen(): Record<string, Record<string, OpenClasses>> {
    return this.#byNode((node) => this.book.classes(node, this.kernel(node).live()));
  }

  kernel(node: string): KernelFlows {
    const kernel = this.#kernels.get(node);
    if (!kernel) throw new Error(`nobody listens in ${node}`);
    return kernel;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.hub.close();
  }

  #byNode<T>(read: (node: string) => T): Record<string, T> {
    return Object.fromEntries([...this.net.nodes.keys()].map((node) => [node, read(node)]));
  }
}
