import { resources } from '@kubecity/kube';
import type { IsolationReport } from '@kubecity/protocol';
import { AgentCity, type Flags } from './agent-city.ts';
import { eventually } from './eventually.ts';
import { IsolationEar } from './isolation-ear.ts';
import { serve, TrafficClient } from './traffic.ts';
import { OUTSIDE, type Place, type PodPlace, TwoNodes } from './two-nodes.ts';

/** What every pod answers on, over TCP and UDP. */
export const PORT = 8080;

export interface PodWords {
  readonly labels?: Readonly<Record<string, string>>;
  /** The API does not know it (yet). */
  readonly unknown?: boolean;
}

export interface ServiceWords {
  readonly spec?: object;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Nodes with pods in both families, real agents that enforce NetworkPolicies, and an API server as the operator's hand. */
export class IsolatedCity extends AgentCity {
  readonly hub: IsolationEar;
  readonly #pods = new Map<string, PodPlace>();
  readonly #clients = new Map<string, TrafficClient>();
  readonly #nodes: readonly string[];

  constructor(nodes: readonly string[] = ['node-a', 'node-b']) {
    super(new TwoNodes(nodes), { 'check-ms': '200', isolation: 'on' });
    this.#nodes = nodes;
    this.hub = new IsolationEar(this.path('hub.sock'));
  }

  override async open(): Promise<void> {
    await super.open();
    this.putNamespace('shop');
    // Refusals are ICMP errors, of which a kernel sends few a second; nobody here has to wait for one that does not come.
    for (const limit of ['ipv4/icmp_ratelimit', 'ipv6/icmp/ratelimit']) this.net.set(limit, 0);
    for (const [index, name] of this.#nodes.entries()) {
      const { addresses } = this.net.nodes.get(name) as Place;
      this.putNode(name, Object.values(addresses), [`10.244.${index + 1}.0/24`, `fd00:10:244:${index + 1}::/64`]);
    }
  }

  /** A pod of namespace shop that serves, in the kernel and in the API. */
  async addPod(node: string, name: string, number: number, words: PodWords = {}): Promise<PodPlace> {
    const place = this.net.addPod(node, name, number);
    this.#pods.set(name, place);
    await serve(this.net, place, [PORT]);
    if (!words.unknown) this.tellPod(name, words.labels);
    return place;
  }

  /** The API learns of the pod, or of its new labels. */
  tellPod(name: string, labels: Readonly<Record<string, string>> = {}): void {
    const { node, addresses } = this.pod(name);
    const podIPs = Object.values(addresses).map((ip) => ({ ip }));
    this.put(
      'v1',
      'Pod',
      { namespace: 'shop', name, uid: `uid-${name}`, labels },
      {
        spec: { nodeName: node, containers: [{ name: 'main', ports: [{ name: 'http', containerPort: PORT }] }] },
        status: { phase: 'Running', podIP: addresses[4], podIPs },
      },
    );
  }

  pod(name: string): PodPlace {
    const pod = this.#pods.get(name);
    if (!pod) throw new Error(`there is no pod ${name}`);
    return pod;
  }

  putNamespace(name: string, labels: Readonly<Record<string, string>> = {}): void {
    this.put('v1', 'Namespace', { name, labels }, {});
  }

  /** `kubectl apply` of a policy of namespace shop. */
  async apply(name: string, spec: object): Promise<void> {
    const policy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: 'shop', name },
      spec,
    };
    await this.kube.create(resources.networkPolicies, policy);
  }

  async remove(name: string): Promise<void> {
    await this.kube.delete(resources.networkPolicies, { namespace: 'shop', name });
  }

  /** TCP and UDP 80 of both cluster IPs (10.96.0.number), by these pods. */
  putService(name: string, number: number, pods: readonly string[], { spec, annotations }: ServiceWords = {}): void {
    const clusterIPs = vipsOf(number);
    const ports = (['TCP', 'UDP'] as const).map((protocol) => ({
      name: protocol.toLowerCase(),
      protocol,
      port: 80,
      targetPort: PORT,
    }));
    this.put(
      'v1',
      'Service',
      { namespace: 'shop', name, ...(annotations && { annotations }) },
      {
        spec: {
          clusterIP: clusterIPs[0],
          clusterIPs,
          ipFamilies: ['IPv4', 'IPv6'],
          ipFamilyPolicy: 'RequireDualStack',
          ports,
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
          ports: ports.map(({ name: port, protocol }) => ({ name: port, protocol, port: PORT })),
          endpoints: pods.map((pod) => ({
            addresses: [this.pod(pod).addresses[family]],
            conditions: { ready: true },
            nodeName: this.pod(pod).node,
            targetRef: { kind: 'Pod', namespace: 'shop', name: pod, uid: `uid-${pod}` },
          })),
        },
      );
    }
  }

  override startAgent(node: string, flags: Flags = {}): void {
    this.hub.forget(node);
    super.startAgent(node, flags);
  }

  /** Waits until the node says so of what it enforces; with `closing`, of exactly these policies. */
  tells(node: string, state: IsolationReport['state'], closing?: readonly string[]): Promise<IsolationReport> {
    return eventually(() => {
      const report = this.hub.report(node);
      const policies = report.policies.map((id) => id.replace(/^shop\//, ''));
      const asWished = report.state === state && (!closing || policies.join() === [...closing].sort().join());
      if (!asWished) throw new Error(`${node} says ${report.state} (${report.message}) of ${policies.join()}`);
      return report;
    });
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

  /**
   * One first packet's fate: who answered, or `closed`.
   * @param source another address of the place
   */
  async knock(
    from: string,
    [address, port]: readonly [string, number],
    protocol: 'tcp' | 'udp' = 'tcp',
    source?: string,
  ): Promise<string> {
    const client = this.client(from);
    const { addresses } = client.place;
    const [made] = await client.open({
      protocol,
      from: source ?? (address.includes(':') ? addresses[6] : addresses[4]),
      to: [address, port],
      count: 1,
      end: 'reset',
    });
    return made?.outcome === 'ok' ? made.server : 'closed';
  }

  /** Over TCP and UDP, both families, to a pod itself or to the cluster IPs 10.96.0.number: everybody's word, each once. */
  async knocks(from: string, to: string | number): Promise<string[]> {
    const targets =
      typeof to === 'number'
        ? vipsOf(to).map((address) => [address, 80] as const)
        : Object.values(this.pod(to).addresses).map((address) => [address, PORT] as const);
    const words = new Set<string>();
    for (const target of targets) {
      for (const protocol of ['tcp', 'udp'] as const) words.add(await this.knock(from, target, protocol));
    }
    return [...words].sort();
  }

  /** Rules of isolation of one node with their counters, both families. */
  rules(node: string, flavour: '' | '-nft' | '-legacy' = ''): string[] {
    return ['iptables', 'ip6tables'].flatMap((tool) =>
      this.net
        .run(node, `${tool}${flavour}-save`, '-c', '-t', 'filter')
        .split('\n')
        .filter((line) => /CITY-[IJ]/.test(line)),
    );
  }

  /** Names of the sets of isolation of one node. */
  sets(node: string): string[] {
    return this.net
      .run(node, 'ipset', 'list', '-n')
      .split('\n')
      .filter((name) => /^CITY-I/.test(name));
  }

  /** Those sets with their members, without the seconds that some of them stay. */
  members(node: string): string[] {
    const lines = this.net.run(node, 'ipset', 'save').split('\n');
    const ours = lines.filter((line) => /^\w+ CITY-I/.test(line));
    return ours.map((line) => line.replace(/ timeout \d+$/, '')).sort();
  }

  /** A figure of the node's agent, summed over labels; 0 where it has none. */
  async metric(node: string, name: string): Promise<number> {
    const text = this.net.run(node, 'curl', '-s', 'http://127.0.0.1:10249/metrics');
    const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  override async close(): Promise<void> {
    await super.close();
    await this.hub.close();
  }
}

/** The cluster IPs of the Service with this number. */
export const vipsOf = (number: number) => [`10.96.0.${number}`, `fd00:96::${number.toString(16)}`] as const;
