/** Child of the bench: many agents in one process, each with its own connection, a frame a second, all edges changed in each. */
import { request } from '../namespace.ts';
import { beginAgent } from '../simulated-agent.ts';
import { crowdTable, EDGES_PER_NODE, edgeOf, nodeName, rowOf } from './crowd.ts';

export interface CrowdRequest {
  readonly nodes: number;
  readonly socketPath: string;
  readonly token: string;
}

const { nodes, socketPath, token } = request<CrowdRequest>();
for (let node = 0; node < nodes; node += 1) {
  const keys = Array.from({ length: EDGES_PER_NODE }, (_, edge) => edgeOf(node, edge));
  const delay = (node / nodes) * 1000;
  beginAgent({ node: nodeName(node), socketPath, token, keys, rowOf, table: crowdTable, delay });
}
