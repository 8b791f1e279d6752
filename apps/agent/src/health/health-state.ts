import type { Family } from '@kubecity/routing';

/** The parts of a Node that say whether load balancers may still use it. */
export interface NodeFate {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
}

export interface HealthStateOptions {
  /** An update that has waited twice as long is late. */
  readonly syncPeriodMs: () => number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Why this node does not route at all yet; undefined = it does. */
  readonly trouble: () => string | undefined;
  /** Why an update is late, where that is known. */
  readonly failing: () => string | undefined;
  /** Why NetworkPolicies are not enforced as they should be; undefined = they are. Absent: nobody asks for it. */
  readonly isolation?: () => string | undefined;
  /** Why the process itself cannot go on; undefined = it can. */
  readonly stuck: () => string | undefined;
}

/** Each check by its name, and why it does not pass; undefined = it does. */
export type Checks = Readonly<Record<string, string | undefined>>;

export interface HealthAnswer {
  readonly code: 200 | 503;
  /** kube-proxy's JSON, always about the same size and with nothing in it that is not for strangers. */
  readonly body: object;
  /** Why the code is 503; may quote the kernel's tools. */
  readonly reason?: string;
  /** What the code was made of. */
  readonly checks: Checks;
}

/** Set by the cluster autoscaler before it removes a node. */
const LEAVING = 'ToBeDeletedByClusterAutoscaler';
/** Go's zero time, what kube-proxy shows before the first update. */
const NEVER = '0001-01-01T00:00:00Z';

/**
 * Health as kube-proxy tells it (pkg/proxy/healthcheck of 1.36), so that load balancers and probes that know its JSON go
 * on working: healthy while no family has an update that waits for longer than twice the sync period.
 */
export class HealthState {
  readonly #options: HealthStateOptions;
  readonly #queued = new Map<Family, number>();
  readonly #updated = new Map<Family, number>();
  #node: NodeFate | undefined;

  constructor(options: HealthStateOptions) {
    this.#options = options;
  }

  /** A change arrived that the kernel does not hold yet. The oldest one counts. */
  queued(family: Family, at: number): void {
    if (!this.#queued.has(family)) this.#queued.set(family, at);
  }

  /** The kernel holds everything that was wished for in this family. */
  updated(family: Family, at: number): void {
    this.#queued.delete(family);
    this.#updated.set(family, at);
  }

  /** The own Node object as it is now; undefined when it is gone. */
  setNode(node: NodeFate | undefined): void {
    this.#node = node;
  }

  /** For load balancers: also says no when the node is about to leave. */
  healthz(): HealthAnswer {
    const { isolation } = this.#options;
    const own = { ...this.#ownChecks(), ...(isolation && { isolation: isolation() }) };
    const nodeEligible = isEligible(this.#node);
    const checks = { ...own, node: nodeEligible ? undefined : 'the Node object is absent or about to leave' };
    return this.#answer(checks, { nodeEligible, healthy: firstFault(own) === undefined });
  }

  /** For the kubelet: a node that leaves, or an API server that is away, is no reason to start anew. */
  livez(): HealthAnswer {
    const checks = this.#vitalChecks();
    return this.#answer(checks, { healthy: firstFault(checks) === undefined });
  }

  /** Routes as wished, whatever becomes of the node and of isolation. */
  isHealthy(): boolean {
    return firstFault(this.#ownChecks()) === undefined;
  }

  /** Of this process, whatever becomes of the node. */
  #ownChecks(): Checks {
    return { routing: this.#options.trouble(), ...this.#vitalChecks() };
  }

  /** What a new process would mend. */
  #vitalChecks(): Checks {
    return { process: this.#options.stuck(), sync: this.#late() };
  }

  #late(): string | undefined {
    const late = [...this.#queued.keys()].filter((family) => this.#isLate(family));
    if (late.length === 0) return undefined;
    const why = this.#options.failing();
    return `an update of ${late.sort().join(' and ')} is late${why === undefined ? '' : `: ${why}`}`;
  }

  #isLate(family: Family): boolean {
    const since = this.#queued.get(family);
    return since !== undefined && this.#options.now() - since >= 2 * this.#options.syncPeriodMs();
  }

  #answer(checks: Checks, verdict: { readonly nodeEligible?: boolean; readonly healthy: boolean }): HealthAnswer {
    const reason = firstFault(checks);
    const currentTime = timeText(this.#options.now());
    const families = [...new Set([...this.#queued.keys(), ...this.#updated.keys()])].sort();
    const body = {
      // kube-proxy: "recent" while healthy, so that old readers see a proxy at work even when nothing changes.
      lastUpdated: reason === undefined ? currentTime : timeText(Math.max(0, ...this.#updated.values())),
      currentTime,
      ...verdict,
      status: Object.fromEntries(
        families.map((family) => [
          family,
          { lastUpdated: timeText(this.#updated.get(family) ?? 0), healthy: !this.#isLate(family) },
        ]),
      ),
    };
    return { code: reason === undefined ? 200 : 503, body, checks, ...(reason !== undefined && { reason }) };
  }
}

const firstFault = (checks: Checks) => Object.values(checks).find((fault) => fault !== undefined);

function isEligible(node: NodeFate | undefined): boolean {
  if (node === undefined || node.metadata.deletionTimestamp !== undefined) return false;
  return !node.spec?.taints?.some(({ key }) => key === LEAVING);
}

const timeText = (at: number): string => (at === 0 ? NEVER : new Date(at).toISOString());
