import { cleanAddress, isDeepEqual, type KubeNode, type Problem } from '@kubecity/routing';
import { type Gate, gateOf } from './gate.ts';
import type { KubeNamespace, KubeNetworkPolicy, PolicyPod } from './objects.ts';
import { PeerBook } from './peer-book.ts';
import type { SetQuery } from './peer-set.ts';
import type { IsolationChange, PodPlan } from './plan.ts';
import { type Pod, podId, readPod } from './pod.ts';
import { DIRECTIONS, type Direction, type Policy } from './policy.ts';
import { readPolicy } from './read-policy.ts';
import { type Labels, selects } from './selector.ts';

/** Every namespace has it, says the API server, whatever else was written. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

/**
 * Folds changes of objects into what one node enforces. Only what a change touches is worked out anew, and changes that
 * are undone before `take` leave no trace.
 */
export class IsolationTracker {
  readonly #node: string | undefined;
  readonly #book = new PeerBook();
  /** By namespace, then by id. */
  readonly #policies = new Map<string, Map<string, Policy>>();
  readonly #problems = new Map<string, readonly Problem[]>();
  readonly #nodes = new Map<string, ReadonlySet<string>>();
  readonly #holders = new Map<string, Set<Pod>>();
  readonly #localIn = new Map<string, Set<string>>();
  readonly #plans = new Map<string, PodPlan>();
  readonly #stale = new Set<string>();

  /** @param node whose pods are enforced; every pod of the cluster when absent */
  constructor(node?: string) {
    this.#node = node;
  }

  setPolicy(object: KubeNetworkPolicy): void {
    const { policy, problems } = readPolicy(object);
    const known = this.#policies.get(policy.namespace) ?? new Map<string, Policy>();
    this.#problems.delete(policy.id);
    if (problems.length > 0) this.#problems.set(policy.id, problems);
    const before = known.get(policy.id);
    if (before && isDeepEqual(before, policy)) return;
    this.#policies.set(policy.namespace, known.set(policy.id, policy));
    this.#touchSelected(policy.namespace, [policy, ...(before ? [before] : [])]);
  }

  deletePolicy({ metadata: { namespace = 'default', name } }: KubeNetworkPolicy): void {
    const known = this.#policies.get(namespace);
    const before = known?.get(`${namespace}/${name}`);
    if (!known || !before) return;
    known.delete(before.id);
    this.#problems.delete(before.id);
    if (known.size === 0) this.#policies.delete(namespace);
    this.#touchSelected(namespace, [before]);
  }

  setNamespace({ metadata: { name, labels } }: KubeNamespace): void {
    const all = { ...labels, [NAME_LABEL]: name };
    if (!isDeepEqual(this.#book.namespaces.get(name), all)) this.#book.setNamespace(name, all);
  }

  deleteNamespace({ metadata: { name } }: KubeNamespace): void {
    if (this.#book.namespaces.has(name)) this.#book.setNamespace(name, undefined);
  }

  setPod(object: PolicyPod): void {
    this.#replacePod(podId(object), readPod(object));
  }

  deletePod(object: PolicyPod): void {
    this.#replacePod(podId(object), undefined);
  }

  setNode({ metadata: { name }, status }: KubeNode): void {
    const addresses = status?.addresses?.flatMap(({ address }) => cleanAddress(address)?.text ?? []) ?? [];
    this.#nodes.set(name, new Set(addresses));
  }

  deleteNode({ metadata: { name } }: KubeNode): void {
    this.#nodes.delete(name);
  }

  /** The plan, and what differs in it since the last time. The plan is the tracker's own: it changes with the next `take`. */
  take(): IsolationChange {
    const pods = new Set<string>();
    for (const id of this.#stale) {
      const before = this.#plans.get(id);
      const plan = this.#planOf(id);
      if (isDeepEqual(before, plan)) continue;
      pods.add(id);
      if (plan) this.#plans.set(id, plan);
      else this.#plans.delete(id);
      for (const query of queriesOf(plan)) this.#book.acquire(query);
      for (const query of queriesOf(before)) this.#book.release(query);
    }
    this.#stale.clear();
    const sets = this.#book.takeChanges();
    const problems = [...this.#problems.values()].flat();
    return { plan: { pods: this.#plans, sets: this.#book.sets, problems }, pods, sets };
  }

  /** Pods of this node as the last plan has them, by id. */
  get planned(): ReadonlyMap<string, PodPlan> {
    return this.#plans;
  }

  /** Of any pod of the cluster, worked out from the objects as they are now. */
  gateOf(pod: Pod, direction: Direction): Gate | undefined {
    return gateOf(pod, direction, this.#policies.get(pod.namespace)?.values() ?? []);
  }

  /** Those that may isolate pods of the namespace. */
  policiesIn(namespace: string): readonly Policy[] {
    return [...(this.#policies.get(namespace)?.values() ?? [])];
  }

  /** What is wrong with a policy (`namespace/name`), each with the way out. */
  problemsOf(policy: string): readonly Problem[] {
    return this.#problems.get(policy) ?? [];
  }

  /** All that say they have the address (canonical), the best claim first. */
  podsAt(address: string): readonly Pod[] {
    return [...(this.#holders.get(address) ?? [])].sort((a, b) => (a.claim > b.claim ? -1 : 1));
  }

  pod(id: string): Pod | undefined {
    return this.#book.pods.get(id);
  }

  namespaceLabels(name: string): Labels | undefined {
    return this.#book.namespaces.get(name);
  }

  isAddressOfNode(address: string, node: string | undefined): boolean {
    return node !== undefined && (this.#nodes.get(node)?.has(address) ?? false);
  }

  #replacePod(id: string, pod: Pod | undefined): void {
    const before = this.#book.pods.get(id);
    if (isDeepEqual(before, pod)) return;
    this.#book.setPod(id, pod);
    for (const address of before?.addresses ?? []) this.#hold(address, before as Pod, false);
    for (const address of pod?.addresses ?? []) this.#hold(address, pod as Pod, true);
    for (const one of [before, pod]) {
      if (!one || !this.#isLocal(one)) continue;
      const local = this.#localIn.get(one.namespace) ?? new Set();
      if (one === pod) local.add(id);
      else local.delete(id);
      this.#localIn.set(one.namespace, local);
      this.#stale.add(id);
    }
  }

  /** Whoever shares the address may have a better or a worse claim to it now. */
  #hold(address: string, pod: Pod, holds: boolean): void {
    const holders = this.#holders.get(address) ?? new Set();
    if (holds) holders.add(pod);
    else holders.delete(pod);
    if (holders.size > 0) this.#holders.set(address, holders);
    else this.#holders.delete(address);
    for (const other of holders) if (this.#isLocal(other)) this.#stale.add(other.id);
  }

  /** Whether the pod is among those that are enforced here. */
  isLocal(id: string): boolean {
    const pod = this.#book.pods.get(id);
    return pod !== undefined && this.#isLocal(pod);
  }

  #isLocal(pod: Pod): boolean {
    return this.#node === undefined || pod.node === this.#node;
  }

  #touchSelected(namespace: string, policies: readonly Policy[]): void {
    for (const id of this.#localIn.get(namespace) ?? []) {
      const labels = this.#book.pods.get(id)?.labels ?? {};
      if (policies.some(({ podSelector }) => selects(podSelector, labels))) this.#stale.add(id);
    }
  }

  #planOf(id: string): PodPlan | undefined {
    const pod = this.#book.pods.get(id);
    if (!pod || !this.#isLocal(pod)) return undefined;
    const [ingress, egress] = DIRECTIONS.map((direction) => this.gateOf(pod, direction));
    return {
      id,
      addresses: pod.addresses.filter((address) => this.podsAt(address)[0] === pod),
      ...(ingress && { ingress }),
      ...(egress && { egress }),
    };
  }
}

/** Every set that the kernel needs for the pod's gates; one as often as grants ask for it. */
function* queriesOf(plan: PodPlan | undefined): Generator<SetQuery> {
  for (const gate of [plan?.ingress, plan?.egress]) {
    for (const { peers = [], spans, named } of gate?.grants ?? []) {
      yield* named;
      if (spans?.length === 0) continue;
      for (const peer of peers) if (peer.kind === 'pods') yield { peer };
    }
  }
}
