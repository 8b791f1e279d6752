import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Finding, found, ok, type RoutesMode, type RoutesReport } from '@kubecity/protocol';

export interface RouteFacts {
  readonly mode: RoutesMode;
  /** Why the program `ip` does not run; undefined = it does. */
  readonly ip: string | undefined;
  /** What the agent of this process says; undefined where none runs. */
  readonly report: RoutesReport | undefined;
}

const run = promisify(execFile);

export async function readRoutes(mode: RoutesMode, report: RouteFacts['report']): Promise<RouteFacts> {
  const ip = await run('ip', ['-V']).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { mode, ip, report };
}

export function judgeRoutes({ mode, ip, report }: RouteFacts): Finding[] {
  if (mode === 'off') {
    return [
      ok(
        'routes.keeper',
        "the routes to other nodes' pods are left to others (routes: off), as beside a CNI that keeps them",
      ),
    ];
  }
  return [judgeIp(ip), ...(report === undefined ? [] : [judgeReport(report)])];
}

function judgeIp(refusal: string | undefined): Finding {
  const id = 'routes.ip';
  if (refusal === undefined) return ok(id, 'ip, which tells when a route or link changes: there');
  return found('error', id, {
    what: `the program ip cannot be started: ${refusal}`,
    why: 'A route that is lost is missed for up to half a minute, instead of milliseconds.',
    doThis: 'Install iproute2 in the image that the agent runs from.',
  });
}

function judgeReport({ state, message, direct, vxlan, none, peers }: NonNullable<RouteFacts['report']>): Finding {
  const id = 'routes.state';
  const count = `${direct} direct, ${vxlan} by VXLAN, ${none} without`;
  if (state === 'sound') return ok(id, `routes to other nodes' pods: ${count}`);
  const without = peers.filter(({ via }) => via === 'none').slice(0, 3);
  const reasons = without.map(({ node, range, why }) => `${node} (${range}): ${why}`);
  return found(state === 'held' ? 'note' : 'warning', id, {
    what: `routes to other nodes' pods: ${[message ?? count, ...reasons].join('; ')}`,
    why: 'Pods of this node do not reach those of nodes without a route, unless another program keeps one.',
    doThis:
      state === 'held'
        ? 'Set mode to steer or replace, or routes to off where a CNI keeps them.'
        : 'Mend what is named; routes: auto reaches nodes behind a router, where the kernel has VXLAN.',
  });
}
