import { Agent } from 'node:http';
import { connect } from 'node:net';
import {
  type AgentToHub,
  type EdgeKey,
  type EdgeRow,
  type HubToAgent,
  PROTOCOLS,
  type TableFigures,
} from '@kubecity/protocol';
import { io, type Socket } from 'socket.io-client';

/** What one agent tells: `keys` once, then all rows of a second in each frame. */
export interface Simulation {
  readonly node: string;
  readonly socketPath: string;
  readonly token: string;
  /** By edge id. */
  readonly keys: readonly EdgeKey[];
  readonly rowOf: (edge: number, second: number) => EdgeRow;
  readonly table: TableFigures;
  /** When its first frame goes, milliseconds from now: agents of a cluster are not in step. */
  readonly delay: number;
}

const PERIOD_MS = 1000;

/** A connection of its own, a frame a second, all edges changed in each. */
export function beginAgent({ node, socketPath, token, keys, rowOf, table, delay }: Simulation): void {
  const agent = new Agent();
  agent.createConnection = () => connect(socketPath);
  const socket: Socket<HubToAgent, AgentToHub> = io('http://hub/agents', {
    transports: ['websocket'],
    forceNew: true,
    auth: { protocols: PROTOCOLS, token, node, epoch: `epoch-${node}`, version: '0.1.0' },
    // The type knows only the browser's form of this option.
    agent: agent as unknown as string,
  });
  const ids = keys.map((_, id) => id);
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
  socket.on('connect_error', ({ message }) => console.error(`agent of ${node}: ${message}`));
  const tell = () => {
    second += 1;
    // As agents do: two frames at most on the way.
    if (!socket.connected || onTheWay >= 2) return;
    onTheWay += 1;
    const frame = {
      ...{ seq, reset: seq === 0, at: Date.now(), forget: [], table },
      define: seq === 0 ? keys.map((key, id): [number, EdgeKey] => [id, key]) : [],
      rows: ids.map((id) => rowOf(id, second)),
    };
    seq += 1;
    socket.emit('edges', frame, () => {
      onTheWay -= 1;
    });
  };
  setTimeout(() => setInterval(tell, PERIOD_MS), delay);
}

function rules() {
  return {
    ...({ at: Date.now(), mode: 'replace', inSync: true, servicePorts: 40, chains: 60, rules: 600 } as const),
    ...{ lastSync: { chains: 0, rules: 0, milliseconds: 5 }, acknowledged: [], problems: [] },
  };
}
