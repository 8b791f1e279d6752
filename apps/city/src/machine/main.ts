/**
 * The machine: everything that lives in the city's own namespaces. Started by the launcher as `launcher/machine.ts`
 * says; ends when the launcher is gone, and takes every process, namespace and mount with it.
 */
import { join } from 'node:path';
import { connect, resources } from '@kubecity/kube';
import { pino } from 'pino';
import { type NodePlan, networks } from '../plan/city-plan.ts';
import { agentHealthy, startAgents } from './agents.ts';
import { Gate } from './gate.ts';
import { Kubelet } from './kubelet.ts';
import type { BuildMessage, MachineMessage } from './messages.ts';
import { buildNetwork } from './network.ts';
import { machinePlaces, type Places } from './places.ts';

const logger = pino({ name: 'machine' });

process.once('disconnect', () => process.exit(0));
process.once('message', ({ build }: BuildMessage) => {
  run(build).catch((error: Error) => {
    logger.fatal(error);
    tell({ event: 'failed', message: error.message });
  });
});

async function run({ plan, seed, root }: BuildMessage['build']): Promise<void> {
  const places = machinePlaces(root);
  await buildNetwork(plan.nodes, networks.services);
  tell({ event: 'network-built' });
  const client = connect({ socketPath: join(places.state, 'api.sock') });
  await Promise.all(plan.nodes.map((node) => client.patch(...nodeStatus(node))));
  startAgents(plan, places);
  const gate = new Gate(places, seed);
  const { signal } = new AbortController();
  const renamed = gate.tell.bind(gate);
  const kubelet = new Kubelet({ client, nodes: plan.nodes, places, seed, logger, signal, renamed });
  kubelet.run();
  await Promise.all(plan.nodes.map((node) => tellHealth(node.name, places)));
  // not before: without rules and routes what is closed would be open, and what is open would go nowhere
  kubelet.open();
}

async function tellHealth(node: string, places: Places): Promise<void> {
  const healthy = await agentHealthy(node, places).then(
    () => true,
    (error: Error) => {
      logger.error({ node, error: error.message }, 'agent is not healthy');
      return false;
    },
  );
  tell({ event: 'agent', node, healthy });
}

function nodeStatus({ name, address }: NodePlan) {
  const now = new Date().toISOString();
  const status = {
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'the node is connected to the underlay',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ],
  };
  return [resources.nodes, { name, subresource: 'status' }, { status }, 'merge'] as const;
}

function tell(message: MachineMessage): void {
  process.send?.(message);
}
