import { join } from 'node:path';
import { type CityPlan, networks } from '../plan/city-plan.ts';
import { inNetns, runCommand } from './command.ts';
import { KeptProcess } from './kept-process.ts';
import type { Places } from './places.ts';

const HEALTH = '127.0.0.1:10256';
const HEALTHY_WITHIN_SECONDS = 60;

/** One agent in each node's namespace, with the same flags as on a node of a cluster that has no other network software. */
export function startAgents({ nodes }: CityPlan, places: Places): KeptProcess[] {
  return nodes.map(
    ({ name }) =>
      new KeptProcess({
        command: [...inNetns(name), ...agentCommand(name, places)],
        env: { ...process.env, NODE: process.execPath },
        logPath: join(places.logs, `agent-${name}.log`),
      }),
  );
}

function agentCommand(node: string, { root, state }: Places): string[] {
  const flags = {
    'node-name': node,
    'kube-socket': join(state, 'api.sock'),
    mode: 'replace',
    isolation: 'on',
    routes: 'direct',
    'cluster-cidr': networks.cluster,
    hub: `unix:${join(state, 'agents.sock')}`,
    'hub-token-file': join(state, 'agent-token'),
    'health-listen': HEALTH,
  };
  return [
    join(root, 'apps/agent/kubecity-agent'),
    ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
  ];
}

/** Resolves when the agent of `node` has programmed its kernel; rejects with a CommandError when it takes too long. */
export function agentHealthy(node: string, { root }: Places): Promise<void> {
  const [nsenter = '', ...args] = inNetns(node);
  const script = join(root, 'apps/city/src/machine/wait-healthy.ts');
  return runCommand(nsenter, [
    ...args,
    process.execPath,
    script,
    `http://${HEALTH}/healthz`,
    `${HEALTHY_WITHIN_SECONDS}`,
  ]);
}
