import { type ComponentRight, componentRights, type KubeClient, KubeError, rightInWords } from '@kubecity/kube';
import { type Finding, found, ok } from '@kubecity/protocol';

export interface ApiFacts {
  /** Why the API server gives no answer; the rest is not known then. */
  readonly unreachable: string | undefined;
  readonly version: string | undefined;
  /** How far the server's clock is before ours, milliseconds; it tells whole seconds. */
  readonly aheadMs: number | undefined;
  /** What this identity may not do. */
  readonly missing: readonly ComponentRight[];
}

const OLDEST = { major: 1, minor: 29 };
/** The header tells whole seconds, and the answer was under way. */
const SKEW_MS = { warning: 5_000, error: 60_000 };

/** @param now Unix ms */
export async function readApi(client: KubeClient, now: () => number): Promise<ApiFacts> {
  try {
    const asked = now();
    const { version, at } = await client.server();
    const middle = (asked + now()) / 2;
    const answers = await Promise.all(
      componentRights.agent.map(async (right) => ({ right, ...(await client.selfAccess(right)) })),
    );
    return {
      unreachable: undefined,
      version,
      aheadMs: at === undefined ? undefined : at + 500 - middle,
      missing: answers.filter(({ allowed }) => !allowed).map(({ right }) => right),
    };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return { unreachable: error.message, version: undefined, aheadMs: undefined, missing: [] };
  }
}

export function judgeApi({ unreachable, version, aheadMs, missing }: ApiFacts): Finding[] {
  if (unreachable !== undefined) {
    return [
      found('error', 'api.reachable', {
        what: `the API server gives no answer: ${unreachable}`,
        why: 'What the kernel holds goes on; changes of Services, endpoints and overrides are not seen.',
        doThis:
          'Look at kubeconfig or the ServiceAccount of the pod. In mode replace the agent must know an address that needs no Service (KUBERNETES_SERVICE_HOST).',
      }),
    ];
  }
  return [judgeVersion(version ?? ''), ...judgeClock(aheadMs), judgeRights(missing)];
}

/** Also for the cluster's own checks. */
export function judgeVersion(version: string): Finding {
  const id = 'api.version';
  const [, major = 0, minor = 0] = /^v?(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return ok(id, `Kubernetes ${version}`);
  return found('error', id, {
    what: `Kubernetes ${version || 'of an unknown version'} is older than ${OLDEST.major}.${OLDEST.minor}`,
    why: 'The checks in the definition of RoutingOverride need what came with it: wrong overrides would be taken.',
    doThis: `Bring the cluster to ${OLDEST.major}.${OLDEST.minor} or newer.`,
  });
}

function judgeClock(aheadMs: number | undefined): Finding[] {
  if (aheadMs === undefined) return [];
  const id = 'api.clock';
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (Math.abs(aheadMs) < SKEW_MS.warning) return [ok(id, 'the clocks of this node and of the API server agree')];
  return [
    found(Math.abs(aheadMs) < SKEW_MS.error ? 'warning' : 'error', id, {
      what: `the clock of this node is ${seconds} s ${aheadMs > 0 ? 'behind' : 'before'} that of the API server`,
      why: 'Ramps, ends of overrides and deadlines of drains come at another time here than on the other nodes; tokens may be refused.',
      doThis: 'Let the node keep time: chrony or systemd-timesyncd.',
    }),
  ];
}

function judgeRights(missing: readonly ComponentRight[]): Finding {
  const id = 'api.rights';
  if (missing.length === 0)
    return ok(id, `all ${componentRights.agent.length} rights that the agent needs are granted`);
  const without = [...new Set(missing.map((right) => right.without))];
  return found('error', id, {
    what: `this identity may not: ${missing.map(rightInWords).join(', ')}`,
    why: `So ${without.join('; ')}.`,
    doThis: 'Apply deploy/ again: ClusterRole, Role and bindings of kubecity-agent.',
  });
}
