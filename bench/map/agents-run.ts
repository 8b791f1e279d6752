/** Child of the bench: an agent for each node of a world, all edges changed every second. */
import { crowdTable, rowOf } from '../accounting/crowd.ts';
import { request } from '../namespace.ts';
import { beginAgent } from '../simulated-agent.ts';
import { nodeName, World } from './world.ts';

export interface AgentsRequest {
  readonly pods: number;
  readonly socketPath: string;
  readonly token: string;
}

const { pods, socketPath, token } = request<AgentsRequest>();
const world = new World(pods);
for (const [node, keys] of world.edgesByNode().entries()) {
  const delay = (node / world.nodes) * 1000;
  beginAgent({ node: nodeName(node), socketPath, token, keys, rowOf, table: crowdTable, delay });
}
