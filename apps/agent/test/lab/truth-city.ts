import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, ensureCrd, resources } from '@kubecity/kube';
import { type KubeObject, type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { vi } from 'vitest';
import { KernelFlows } from './kernel-flows.ts';
import type { Totals } from './told-edges.ts';
import { serve, TrafficClient } from './traffic.ts';
import { type OpenClasses, TruthBook } from './truth-book.ts';
import { TruthHub } from './truth-hub.ts';
import { CLUSTER_RANGES, OUTSIDE, type Place, type PodPlace, TwoNodes } from './two-nodes.ts';

const AGENT = fileURLToPath(new URL('../../kubecity-agent', import.meta.url));
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
export class TruthCity {
  readonly net: TwoNodes;
  readonly book = new TruthBook((name) => this.pod(name));
  readonly hub: TruthHub;
  readonly agents = new Map<string, ChildProcess>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'kubecity-truth-'));
  readonly #kernels = new Map<string, KernelFlows>();
  readonly #pods = new Map<string, CityPod>();
  readonly #clients = new Map<string, TrafficClient>();
  #api: MiniApiServer | undefined;

  constructor(nodes?: readonly string[]) {
    this.net = new TwoNodes(nodes);
    this.hub = new TruthHub(this.path('hub.sock'));
  }

  /** Everything but the agents: kernels count, and are listened to. */
  async open(): Promise<void> {
    writeFileSync(this.path('token'), 'a secret of the tests\n');
    this.#api = await startMiniApiServer({ socketPath: this.path('api.sock') });
    const client = connect({ socketPath: this.path('api.sock') });
    await ensureCrd(client);
    await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    await client.close();
    // conntrack 1.4.7 gives its listening socket no larger buffer whatever -b says: some 256 ended connections at once are
    // all that it can hear of. What is over therefore stays in the table until the test is, but for the reset ones.
    this.net.set('netfilter/nf_conntrack_tcp_timeout_time_wait', 900);
    // A first rule that looks at connections makes the kernel keep them.
    for (const [name, { addresses }] of this.net.nodes) {
      for (const tool of ['iptables', 'ip6tables']) {
        this.net.run(name, tool, '-A', 'FORWARD', '-m', 'conntrack', '--ctstate', 'INVALID');
      }
      this.put('v1', 'Node', { name }, { status: { addresses: Object.values(addresses).map(internal) } });
      this.#kernels.set(name, await KernelFlows.of(this.net, name));
    }
  }

  path(name: string): string {
    return join(this.#folder, name);
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
    const client = connect({ socketPath: this.path('api.sock') });
    await client.delete(resources.pods, { namespace: 'shop', name });
    await client.close();
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
    const client = connect({ socketPath: this.path('api.sock') });
    const service = await client.get(resources.services, { namespace: 'shop', name });
    await client.close();
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

  startAgent(node: string, env: NodeJS.ProcessEnv = {}, more: Readonly<Record<string, string>> = {}): void {
    const flags = {
      'node-name': node,
      'kube-socket': this.path('api.sock'),
      'cluster-cidr': CLUSTER_RANGES.join(','),
      hub: `unix:${this.path('hub.sock')}`,
      'hub-token-file': this.path('token'),
      'accounting-ms': '200',
      'log-level': 'error',
      ...more,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    this.agents.set(node, this.net.start(node, [AGENT, ...args], { NODE: process.execPath, ...env }));
  }

  async stopAgent(node: string, signal: NodeJS.Signals): Promise<void> {
    await this.net.stop(this.agents.get(node) as ChildProcess, signal);
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

  async close(): Promise<void> {
    await this.net.close();
    await this.hub.close();
    await this.#api?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #byNode<T>(read: (node: string) => T): Record<string, T> {
    return Object.fromEntries([...this.net.nodes.keys()].map((node) => [node, read(node)]));
  }

  /** As somebody else writes it into the API. */
  put(apiVersion: string, kind: string, metadata: KubeObject['metadata'], rest: object): void {
    this.#api?.put({ apiVersion, kind, metadata, ...rest });
  }
}

const internal = (address: string) => ({ type: 'InternalIP', address });

/** Until it throws no more; for so long at most, as the machine may be busy. */
export const eventually = <T>(check: () => T | Promise<T>, timeout = 60_000) =>
  vi.waitFor(check, { timeout, interval: 50 });
