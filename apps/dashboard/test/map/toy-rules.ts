import type { AgentAnswer, CityOp, CityRecord, MapAnswer, MapQuestion } from '@kubecity/protocol';
import {
  buildRoutingTable,
  type KubeEndpointSlice,
  type KubeRoutingOverride,
  type KubeService,
} from '@kubecity/routing';
import { Compiler, defaultCompileOptions, explain, type Packet } from '@kubecity/ruleset';
import { judged } from './toy-isolation.ts';

/** What the agents of the toy city would answer: its records made into objects, and those into real rules. */
export class ToyRules {
  readonly #services: readonly CityRecord<'service'>[];
  readonly #backends: readonly CityRecord<'backend'>[];
  /** By name. */
  readonly #addresses: ReadonlyMap<string, string>;
  readonly #pods: ReadonlyMap<string, CityRecord<'pod'>>;

  constructor(snapshot: readonly CityOp[]) {
    const of = <T>(kind: string) => snapshot.flatMap((op) => (op[0] === 'set' && op[1] === kind ? [op[3] as T] : []));
    this.#services = of('service');
    this.#backends = of('backend');
    this.#addresses = new Map(of<CityRecord<'node'>>('node').map(({ name, addresses }) => [name, addresses[0] ?? '']));
    this.#pods = new Map(of<CityRecord<'pod'>>('pod').map((pod) => [pod.uid, pod]));
  }

  explain({ source, destination }: MapQuestion & { kind: 'explain' }, at: number): MapAnswer {
    const pod = source.kind === 'pod' ? this.#pods.get(source.uid) : undefined;
    const node = source.kind === 'pod' ? (pod?.node ?? 'node-a') : source.node;
    if (node === 'node-d') {
      const message = 'The agent did not answer within 30 s.';
      return { kind: 'explain', node, answer: { kind: 'refused', code: 'failed', message } };
    }
    const own = this.#addresses.get(node) ?? '';
    const packet: Packet = {
      from: source.kind === 'outside' ? 'external' : source.kind,
      source: source.kind === 'outside' ? source.address : (pod?.ip ?? own),
      destination: destination.address,
      port: destination.port,
      protocol: destination.protocol.toLowerCase() as Packet['protocol'],
    };
    const world = { localAddresses: [own], sets: new Map() };
    const { door, ends, unknown } = explain(this.#compiler(node).ruleset, packet, world);
    const rules = [...new Map(ends.flatMap(({ way }) => way).map((rule) => [JSON.stringify(rule), rule])).values()];
    const places = new Map(rules.map((rule, place) => [JSON.stringify(rule), place]));
    const answer: AgentAnswer = {
      kind: 'explain',
      at,
      source: packet.source,
      ...(packet.from === 'pod' && { interface: 'cni0' }),
      ...(door && { servicePort: `${door}/${destination.protocol}` }),
      rules,
      ends: ends.map(({ way, heldBy, rulesPassed, compared, kind, to, chance, rewriting, refusal }) => ({
        ...{ kind, to, chance, rewriting, refusal, compared },
        held: heldBy !== undefined,
        passed: rulesPassed,
        way: way.map((rule) => places.get(JSON.stringify(rule)) ?? 0),
        ...((kind === 'dnat' || kind === 'none') && { isolation: judged(pod, this.#podAt(to ?? destination.address)) }),
      })),
      rest: { ends: 0, chance: 0 },
      unknown: [...unknown],
      others: [{ table: 'filter', chain: 'FORWARD', policy: 'ACCEPT', before: 2, after: 0 }],
      sets: 0,
    };
    return { kind: 'explain', node, answer };
  }

  /** `address` or `address:port` */
  #podAt(to: string): CityRecord<'pod'> | undefined {
    return [...this.#pods.values()].find(({ ip }) => ip === to.replace(/:\d+$/, ''));
  }

  /** Of one Service on every node; on node-b another hand was at them, node-c tells no wish, node-d says nothing. */
  of(service: string, at: number): MapAnswer {
    const nodes = [...this.#addresses.keys()].map((node) => ({ node, answer: this.#ofNode(service, node, at) }));
    return { kind: 'rules', nodes };
  }

  #ofNode(service: string, node: string, at: number): AgentAnswer {
    if (node === 'node-d') {
      return { kind: 'refused', code: 'failed', message: 'The agent did not answer within 30 s.' };
    }
    const compiler = this.#compiler(node);
    const ids = [...compiler.ids()].filter((id) => id.startsWith(`${service}:`));
    const { own, shared } = compiler.placesOf(ids);
    const texts = [
      ...shared.map(({ table, chain, doors }) => ({ table, chain, wished: doors })),
      ...own.map((chain) => ({ table: 'nat' as const, chain, wished: compiler.ruleset.chains.nat.get(chain) ?? [] })),
    ];
    const chains = texts.map(({ table, chain, wished }, i) => ({
      family: 'IPv4' as const,
      table,
      chain,
      rules: meddle(wished, node === 'node-b' && i > 0).map((rule, n) => ({
        rule,
        packets: (n + 1) * 1287,
        bytes: (n + 1) * 77_220,
      })),
      ...(node !== 'node-c' && { wished: [...wished] }),
    }));
    return { kind: 'rules', at, truncated: false, chains };
  }

  #compiler(node: string): Compiler {
    const table = buildRoutingTable({
      services: this.#services.map(serviceOf),
      endpointSlices: this.#services.map((service) => sliceOf(service, this.#backends)),
      overrides: this.#backends.flatMap(overrideOf),
      pods: [],
      node: { name: node },
    });
    const compiler = new Compiler({
      ...defaultCompileOptions('IPv4'),
      localDetect: { kind: 'cidr', cidr: '10.244.0.0/16' },
      nodeAddresses: [this.#addresses.get(node) ?? ''],
    });
    compiler.update(table.servicePorts, table.servicePorts.keys());
    return compiler;
  }
}

function meddle(wished: readonly string[], on: boolean): readonly string[] {
  if (!on) return wished;
  return ['-s 203.0.113.9/32 -j DROP', ...wished.slice(0, -1), wished.at(-1)?.replace(/:(\d+)$/, ':9999') ?? ''];
}

function serviceOf({ namespace, name, type, clusterIP, ports, policy }: CityRecord<'service'>): KubeService {
  return {
    metadata: { namespace, name },
    spec: {
      type,
      clusterIP,
      ports: ports.map(({ name, port, protocol, nodePort }) => ({ name, port, protocol, nodePort })),
      internalTrafficPolicy: policy.internalTraffic,
      externalTrafficPolicy: policy.externalTraffic,
      loadBalancerSourceRanges: [...policy.sourceRanges],
    },
    status: { loadBalancer: { ingress: policy.loadBalancers.map((ip) => ({ ip })) } },
  } as KubeService;
}

function sliceOf(service: CityRecord<'service'>, all: readonly CityRecord<'backend'>[]): KubeEndpointSlice {
  const id = `${service.namespace}/${service.name}`;
  const backends = all.filter((backend) => backend.service === id);
  return {
    metadata: {
      namespace: service.namespace,
      name: `${service.name}-1`,
      labels: { 'kubernetes.io/service-name': service.name },
    },
    addressType: 'IPv4',
    ports: service.ports.map(({ name, protocol }) => ({ name, protocol, port: backends[0]?.port ?? 80 })),
    endpoints: backends.map(({ address, node, ready, podName, podUid }) => ({
      addresses: [address],
      conditions: { ready },
      nodeName: node,
      targetRef: { kind: 'Pod', namespace: service.namespace, name: podName, uid: podUid },
    })),
  } as KubeEndpointSlice;
}

function overrideOf({ service, address, weight, draining }: CityRecord<'backend'>): KubeRoutingOverride[] {
  if (weight === 100 && !draining) return [];
  const [namespace = '', name = ''] = service.split('/');
  const wish = draining ? { drain: {} } : { weight };
  return [
    {
      metadata: { namespace, name: `o-${address}`, uid: `o-${address}`, creationTimestamp: '2026-11-22T10:00:00Z' },
      spec: { service: name, backends: { addresses: [address] }, ...wish },
    },
  ];
}
