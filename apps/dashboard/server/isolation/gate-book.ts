import type { CityRecord, IsolationReport, PodGates, PolicyDirection } from '@kubecity/protocol';
import type { KubePod } from '@kubecity/routing';

type Gates = NonNullable<CityRecord<'pod'>['gates']>;

/** What one node enforces: which policies close which of its pods. */
interface Enforced {
  /** Every other pod of the node is known to be open. */
  readonly whole: boolean;
  readonly policies: readonly string[];
  readonly pods: ReadonlyMap<string, Gates>;
  readonly problems: IsolationReport['problems'];
}

type PolicyProblem = Readonly<Pick<IsolationReport['problems'][number], 'field' | 'message'>>;
/** Of one policy: whoever mends the first ones looks again. */
const MOST_PROBLEMS = 20;

export interface PolicyReach {
  pods: number;
  readonly directions: Set<PolicyDirection>;
  /** What cannot be read of its object, each once: every node says it. */
  readonly problems: PolicyProblem[];
}

/** Who closes whom, by the last word of each node. */
export class GateBook {
  readonly #nodes = new Map<string, Enforced>();
  #touched = new Set<string>();
  #policies: ReadonlyMap<string, PolicyReach> | undefined;

  take(node: string, report: IsolationReport): void {
    const enforced = enforcedBy(report);
    if (enforced) this.#nodes.set(node, enforced);
    else this.#nodes.delete(node);
    this.#changed(node);
  }

  forgetNode(node: string): void {
    this.#nodes.delete(node);
    this.#changed(node);
  }

  /** Undefined where nobody knows: its node has not told, does not enforce, or no policy can select it. */
  gatesOf({ metadata, spec }: KubePod): Gates | undefined {
    const enforced = this.#nodes.get(spec?.nodeName ?? '');
    if (!enforced || spec?.hostNetwork) return undefined;
    return enforced.pods.get(`${metadata.namespace}/${metadata.name}`) ?? (enforced.whole ? {} : undefined);
  }

  /** Nodes whose word may have changed since the last call. */
  takeTouched(): ReadonlySet<string> {
    const touched = this.#touched;
    this.#touched = new Set();
    return touched;
  }

  /** All nodes together, by policy (`namespace/name`): those that close a pod, and those that cannot be read. */
  get policies(): ReadonlyMap<string, PolicyReach> {
    this.#policies ??= this.#reaches();
    return this.#policies;
  }

  #changed(node: string): void {
    this.#touched.add(node);
    this.#policies = undefined;
  }

  #reaches(): ReadonlyMap<string, PolicyReach> {
    const found = new Map<string, PolicyReach>();
    const reachOf = (policy: string) => {
      const known = found.get(policy) ?? { pods: 0, directions: new Set<PolicyDirection>(), problems: [] };
      found.set(policy, known);
      return known;
    };
    for (const { policies, pods, problems } of this.#nodes.values()) {
      for (const policy of policies) reachOf(policy);
      for (const { ingress = [], egress = [] } of pods.values()) {
        for (const policy of new Set([...ingress, ...egress])) reachOf(policy).pods += 1;
        for (const policy of ingress) reachOf(policy).directions.add('ingress');
        for (const policy of egress) reachOf(policy).directions.add('egress');
      }
      for (const { namespace, name, field, message } of problems) {
        const own = reachOf(`${namespace}/${name}`).problems;
        const known = own.some((one) => one.field === field && one.message === message);
        if (!known && own.length < MOST_PROBLEMS) own.push({ field, message });
      }
    }
    return found;
  }
}

/** Undefined while the node enforces nothing. One that fails holds what it said, and of its other pods nobody knows. */
function enforcedBy({ state, policies, pods, problems }: IsolationReport): Enforced | undefined {
  if (state === 'off' || state === 'held') return undefined;
  const named = (places: readonly number[] | undefined) => places?.flatMap((place) => policies[place] ?? []);
  const gatesOf = ({ ingress, egress }: PodGates): Gates => ({
    ...(ingress && { ingress: named(ingress) }),
    ...(egress && { egress: named(egress) }),
  });
  return {
    whole: state === 'enforcing',
    policies,
    problems,
    pods: new Map(pods.map((pod) => [`${pod.namespace}/${pod.name}`, gatesOf(pod)])),
  };
}
