import { CaseCluster, type CasePod, type Operation, type PolicyCase, type Probe } from '../src/testing/index.ts';
import { Lab, NODES } from './lab.ts';
import { NodeRules } from './node-rules.ts';

/** What became of a probe's packets. */
export interface PacketOutcome {
  readonly probe: Probe;
  /** Change steps that were applied before. */
  readonly step: number;
  /** `allow`, `deny` (refused at once), or what else happened. */
  readonly got: string;
}

/** Where the pods of a case run that does not say so. */
const NODE_OF: Readonly<Record<string, string>> = { x: 'n1', y: 'n2' };
const placed = (pod: CasePod): CasePod => ({ ...pod, node: pod.node ?? NODE_OF[pod.ns] ?? 'n3' });

/** Plays cases with real packets between pods on three nodes. */
export class PacketPlayer {
  readonly #lab: Lab;

  private constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** In a network namespace of this process's own, as root there. */
  static async open(): Promise<PacketPlayer> {
    return new PacketPlayer(await Lab.open());
  }

  close(): Promise<void> {
    return this.#lab.close();
  }

  /** Why packets cannot play the case; undefined when they can. */
  inexpressible(one: PolicyCase): string | undefined {
    const { nodes = [], pods } = onNodes(one);
    const strange = pods.find(({ node = '' }) => !(node in NODES));
    if (strange)
      return `pod ${strange.ns}/${strange.name} is on node ${strange.node}: the lab has ${this.#lab.nodes.join(', ')}`;
    const moved = nodes.find(({ name, ips }) => !ips.every((ip) => NODES[name]?.includes(ip)));
    return (
      moved &&
      `node ${moved.name} has addresses ${moved.ips.join(', ')}: the lab has ${NODES[moved.name]?.join(', ') ?? 'no such node'}`
    );
  }

  /** SCTP has no sockets in many kernels: it is not played, and no outcome is told. */
  isPlayed({ proto }: Probe): boolean {
    return proto !== 'SCTP';
  }

  /** @throws Error where the kernel does not hold what was written */
  async play(one: PolicyCase): Promise<PacketOutcome[]> {
    const rules = this.#lab.nodes.map(
      (node) => new NodeRules(node, (script, input) => this.#lab.in(node, script, input), OPTIONS),
    );
    const trackers = rules.map(({ tracker }) => tracker);
    const each = onNodes(one);
    const cluster = new CaseCluster(each, trackers);
    try {
      const outcomes = await this.#step(cluster, rules, each.probes, 0);
      for (const [i, { apply, probes }] of (each.steps ?? []).entries()) {
        for (const operation of apply) cluster.apply(operation);
        outcomes.push(...(await this.#step(cluster, rules, probes, i + 1)));
      }
      return outcomes;
    } finally {
      for (const node of rules) node.remove();
    }
  }

  async #step(cluster: CaseCluster, rules: readonly NodeRules[], probes: readonly Probe[], step: number) {
    for (const pod of cluster.pods.values()) {
      if (!pod.hostNetwork) await this.#lab.pod(pod.node as string, pod.ips ?? [pod.ip]);
    }
    for (const node of rules) node.write();
    const difference = rules.map((node) => node.difference()).find((words) => words !== undefined);
    if (difference !== undefined) throw new Error(`the kernel does not hold what was written: ${difference}`);
    const attempt = async (probe: Probe): Promise<PacketOutcome> => ({
      probe,
      step,
      got: await this.#attempt(cluster, probe),
    });
    const played = probes.filter((probe) => this.isPlayed(probe));
    const outcomes = await Promise.all(played.filter(({ via }) => !via).map(attempt));
    for (const probe of played.filter(({ via }) => via)) outcomes.push(await attempt(probe));
    return outcomes;
  }

  async #attempt(cluster: CaseCluster, { from, to, family, via, proto, port }: Probe): Promise<string> {
    const destination = cluster.addressOf(to, family);
    if (via) this.#lab.serve(via, proto, destination, port);
    const word = await this.#lab.attempt({
      from: cluster.addressOf(from, family),
      to: via?.ip ?? destination,
      port: via?.port ?? port,
      protocol: proto,
    });
    return WORDS[word] ?? word;
  }
}

const OPTIONS = { refusal: 'reject', closedRanges: [] } as const;
const WORDS: Readonly<Record<string, string>> = { through: 'allow', refused: 'deny' };

/** The case with every pod on a node. */
function onNodes(one: PolicyCase): PolicyCase {
  const place = (operation: Operation): Operation =>
    operation.op === 'putPod' ? { ...operation, pod: placed(operation.pod) } : operation;
  const steps = one.steps?.map(({ apply, probes }) => ({ apply: apply.map(place), probes }));
  return { ...one, pods: one.pods.map(placed), ...(steps && { steps }) };
}
