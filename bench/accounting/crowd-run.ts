/** Child of the bench: many agents in one process, each with its own connection, a frame a second, all edges changed in each. */
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { type AgentToHub, type HubToAgent, PROTOCOLS } from '@kubecity/protocol';
import { io, type Socket } from 'socket.io-client';
import { request } from '../namespace.ts';
import { crowdTable, EDGES_PER_NODE, edgeOf, nodeName, rowOf } from './crowd.ts';

export interface CrowdRequest {
  readonly nodes: number;
  readonly socketPath: string;
  readonly token: string;
}

const PERIOD_MS = 1000;
const edges = Array.from({ length: EDGES_PER_NODE }, (_, edge) => edge);

const { nodes, socketPath, token } = request<CrowdRequest>();
for (let node = 0; node < nodes; node += 1) begin(node);

function begin(node: number): void {
  const agent = new Agent();
  agent.createConnection = () => connect(socketPath);
  const socket: Socket<HubToAgent, AgentToHub> = io('http://hub/agents', {
    transports: ['websocket'],
    forceNew: true,
    auth: { protocols: PROTOCOLS, token, node: nodeName(node), epoch: `epoch-${node}`, version: '0.1.0' },
    // The type knows only the browser's form of this option.
    agent: agent as unknown as string,
  });
  let seq = 0;
  let second = 0;
  let onTheWay = 0;
  const fresh = () => {
    seq = 0;
    onTheWay = 0;
  };
  socket.on('connect', () => {
    fresh();
    socket.emit('rules', rules());
  });
  socket.on('resync', fresh);
  socket.on('connect_error', ({ message }) => console.error(`agent ${node}: ${message}`));
  const tell = () => {
    second += 1;
    // As agents do: two frames at most on the way.
    if (!socket.connected || onTheWay >= 2) return;
    onTheWay += 1;
    const frame = {
      ...{ seq, reset: seq === 0, at: Date.now(), forget: [], table: crowdTable },
      define: seq === 0 ? edges.map((edge): [number, ReturnType<typeof edgeOf>] => [edge, edgeOf(node, edge)]) : [],
      rows: edges.map((edge) => rowOf(edge, second)),
    };
    seq += 1;
    socket.emit('edges', frame, () => {
      onTheWay -= 1;
    });
  };
  // Agents of a cluster are not in step.
  setTimeout(() => setInterval(tell, PERIOD_MS), (node / nodes) * PERIOD_MS);
}

function rules() {
  return {
    ...({ at: Date.now(), mode: 'replace', inSync: true, servicePorts: 40, chains: 60, rules: 600 } as const),
    ...{ lastSync: { chains: 0, rules: 0, milliseconds: 5 }, acknowledged: [], problems: [] },
  };
}
