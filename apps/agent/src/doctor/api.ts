import { type ComponentRight, componentRights, type KubeClient, KubeError, rightInWords } from '@kubecity/kube';
import { type Finding, found, ok } from '@kubecity/protocol';

export interface ApiFacts {
  /** Why the API server gives no answer; the rest is not known then. */
  readonly unreachable: string | undefined;
  /** How far the server's clock is before ours, milliseconds; it tells whole seconds. */
  readonly aheadMs: number | undefined;
  /** What this identity may not do. */
  readonly missing: readonly ComponentRight[];
}

/** The header tells whole seconds, and the answer was under way. */
const SKEW_MS = { warning: 5_000, error: 60_000 };

/** @param now Unix ms */
export async function readApi(client: KubeClient, now: () => number): Promise<ApiFacts> {
  try {
    const asked = now();
    const { at } = await client.server();
    const middle = (asked + now()) / 2;
    const answers = await Promise.all(
      componentRights.agent.map(async (right) => ({ right, ...(await client.selfAccess(right)) })),
    );
    return {
      unreachable: undefined,
      aheadMs: at === undefined ? undefined : at + 500 - middle,
      missing: answers.filter(({ allowed }) => !allowed).map(({ right }) => right),
    };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return { unreachable: error.message, aheadMs: undefined, missing: [] };
  }
}

export function judgeApi({ unreachable, aheadMs, missing }: ApiFacts): Finding[] {
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
  return [...judgeClock(aheadMs), judgeRights(missing)];
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
