import { type KubeClient, resources } from '@kubecity/kube';
import type { Acknowledgement } from '@kubecity/protocol';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { expect } from 'vitest';
import { eventually } from './eventually.ts';
import { RealHub } from './real-hub.ts';
import { classOf, type OpenClasses } from './truth-book.ts';
import { type CityService, DNS, HTTP, TruthCity } from './truth-city.ts';
import type { PodPlace } from './two-nodes.ts';

export const NODES = ['node-a', 'node-b', 'node-c'] as const;
const AGENT_FLAGS = { 'accounting-ms': '1000', 'accounting-cpu-percent': '100' };
const PORTS = [
  { name: 'http', port: 80 },
  { name: 'dns', port: 53, protocol: 'UDP' },
] as const;

/** A condition as `kubectl describe` shows it. */
interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** These tests are long, and nothing in them is judged by how long it takes. */
const PATIENCE = 120_000;
export const patiently = <T>(check: () => T | Promise<T>) => eventually(check, PATIENCE);
export const LONG = { testTimeout: 5 * PATIENCE, hookTimeout: 2 * PATIENCE } as const;

/** Three nodes with a client pod each, real agents, a real hub: a city whose operator is the test. */
export class SteeredCity {
  readonly city = new TruthCity(NODES);
  readonly hub = new RealHub(this.city);
  readonly #clients: PodPlace[] = [];

  get kube(): KubeClient {
    return this.city.kube;
  }

  /** Everything but hub and agents. */
  async open(): Promise<void> {
    await this.city.open();
    // What closes stays to be seen, and a UDP flow whose client is gone is forgotten while the test looks on.
    for (const state of ['fin_wait', 'close_wait'])
      this.city.net.set(`netfilter/nf_conntrack_tcp_timeout_${state}`, 900);
    for (const name of ['udp_timeout', 'udp_timeout_stream']) this.city.net.set(`netfilter/nf_conntrack_${name}`, 15);
    this.city.net.set('netfilter/nf_conntrack_acct', 1);
    this.city.net.set('netfilter/nf_conntrack_timestamp', 1);
    for (const node of NODES) this.#clients.push(await this.city.addPod(node, `web-${node.slice(-1)}`, 2));
  }

  /** One on each node, in their order. */
  get clients(): readonly PodPlace[] {
    return this.#clients;
  }

  addBackend(node: string, name: string, number: number): Promise<PodPlace> {
    return this.city.addPod(node, name, number, [HTTP, DNS]);
  }

  /** @param number last part of its address, 10.96.0.x */
  putService(name: string, number: number, pods: readonly string[], more: Partial<CityService> = {}): void {
    const clusterIPs = [`10.96.0.${number}`, `fd00:96::${number.toString(16)}`] as const;
    this.city.putService({ name, clusterIPs, ports: PORTS, pods, ...more });
  }

  async start(): Promise<void> {
    await this.hub.start();
    for (const node of NODES) this.startAgent(node);
    await this.city.ready();
  }

  startAgent(node: string): void {
    this.city.startAgent(node, AGENT_FLAGS);
  }

  /** `kubectl apply` of an override of namespace shop that is not there yet. */
  async wish(name: string, spec: object): Promise<void> {
    await this.kube.create(resources.routingOverrides, {
      apiVersion: 'kubecity.dev/v1alpha1',
      kind: 'RoutingOverride',
      metadata: { namespace: 'shop', name },
      spec,
    });
  }

  async edit(name: string, spec: object): Promise<void> {
    await this.kube.patch(resources.routingOverrides, { namespace: 'shop', name }, { spec }, 'merge');
  }

  async releaseAll(): Promise<void> {
    const { items } = await this.kube.list<KubeRoutingOverride>(resources.routingOverrides);
    for (const { metadata } of items) {
      await this.kube.delete(resources.routingOverrides, { namespace: 'shop', name: metadata.name });
    }
    await patiently(() => expect(NODES.flatMap((node) => this.#told(node))).toEqual([]));
  }

  async condition(name: string, type: string): Promise<Condition> {
    const { status } = await this.kube.get<KubeRoutingOverride>(resources.routingOverrides, {
      namespace: 'shop',
      name,
    });
    const { conditions = [] } = (status ?? {}) as { readonly conditions?: readonly Condition[] };
    const found = conditions.find((each) => each.type === type);
    if (!found) throw new Error(`${name} has no condition ${type} yet`);
    return found;
  }

  /** Resolves when the agents of these nodes say that their kernel has the override so. */
  async holds(
    name: string,
    state: Acknowledgement['state'] | 'absent' = 'applied',
    nodes: readonly string[] = NODES,
  ): Promise<void> {
    await patiently(() =>
      expect(nodes.map((node) => this.#told(node).find((each) => each.name === name)?.state ?? 'absent')).toEqual(
        nodes.map(() => state),
      ),
    );
  }

  /** Our chains of one node as `iptables-save` and `ip6tables-save` print them, without counters. */
  rules(node: string): string[] {
    return ['iptables-save', 'ip6tables-save'].flatMap((tool) =>
      this.city.net
        .run(node, tool)
        .split('\n')
        .filter((line) => line.includes('CITY-'))
        .map((line) => line.replace(/ \[\d+:\d+\]$/, '')),
    );
  }

  /** What is open to a pod by a cluster IP, as the tables of all nodes have it. */
  table(clusterIP: string, pod: string): OpenClasses {
    const sum = { open: 0, closing: 0, waiting: 0 };
    const backend = this.city.pod(pod).addresses[4];
    for (const flow of NODES.flatMap((node) => this.city.kernel(node).live())) {
      const found = flow.destination === clusterIP && flow.replySource === backend ? classOf(flow) : undefined;
      if (found) sum[found] += 1;
    }
    return sum;
  }

  async close(): Promise<void> {
    this.hub.close();
    await this.city.close();
  }

  #told(node: string): readonly Acknowledgement[] {
    return this.city.hub.rules.get(node)?.acknowledged ?? [];
  }
}
