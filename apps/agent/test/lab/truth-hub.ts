import { Agent, createServer } from 'node:http';
import { connect } from 'node:net';
import {
  AGENT_PROTOCOL,
  type AgentAnswer,
  type AgentQuestion,
  type AgentToHub,
  ASK_TIMEOUT_MS,
  agentAnswer,
  edgeFrame,
  type HubToAgent,
  type RulesReport,
  rulesReport,
} from '@kubecity/protocol';
import { Server, type Socket } from 'socket.io';
import { type Socket as ClientSocket, io } from 'socket.io-client';
import { ToldEdges } from './told-edges.ts';

/**
 * The hub's end of the stream, for several agents: a real socket.io server on a Unix socket that notes all it is told. It is
 * the hub, or stands between the agents and another one, to which it hands on each word in both directions.
 */
export class TruthHub {
  readonly #server = createServer();
  readonly #io: Server<AgentToHub, HubToAgent>;
  /** By node: one book for each epoch, the present one last. */
  readonly #books = new Map<string, ToldEdges[]>();
  readonly #sockets = new Map<string, Socket<AgentToHub, HubToAgent>>();
  readonly rules = new Map<string, RulesReport>();

  /** Unix socket of the hub behind this one, for agents that connect from now on. */
  behind: string | undefined;

  constructor(socketPath: string) {
    this.#io = new Server(this.#server);
    this.#io.of('/agents').on('connection', (socket) => this.#admit(socket as Socket<AgentToHub, HubToAgent>));
    this.#server.listen(socketPath);
  }

  /** @throws Error before the node's first frame */
  book(node: string): ToldEdges {
    const book = this.#books.get(node)?.at(-1);
    if (!book || book.frames === 0) throw new Error(`${node} has told nothing yet`);
    return book;
  }

  /** What broke the protocol, of all agents there ever were. */
  faults(): string[] {
    return [...this.#books].flatMap(([node, books]) =>
      books.flatMap(({ faults }) => faults.map((each) => `${node}: ${each}`)),
    );
  }

  /** Asks for everything again, as a hub that lost a frame. */
  resync(node: string): void {
    this.#sockets.get(node)?.emit('resync');
  }

  /** @throws Error when no agent of that node is connected */
  async ask(node: string, question: AgentQuestion): Promise<AgentAnswer> {
    const socket = this.#sockets.get(node);
    if (!socket) throw new Error(`${node} is not connected`);
    return agentAnswer.parse(await socket.timeout(ASK_TIMEOUT_MS).emitWithAck('ask', question));
  }

  async close(): Promise<void> {
    await this.#io.close();
  }

  #admit(socket: Socket<AgentToHub, HubToAgent>): void {
    const { node, epoch } = socket.handshake.auth as { node: string; epoch: string };
    const books = this.#books.get(node) ?? [];
    this.#books.set(node, books);
    if (books.at(-1)?.epoch !== epoch) books.push(new ToldEdges(epoch));
    const book = books.at(-1) as ToldEdges;
    this.#sockets.set(node, socket);
    const hub = this.behind === undefined ? undefined : dial(this.behind, socket);
    socket.on('rules', (report) => {
      this.rules.set(node, rulesReport.parse(report));
      hub?.emit('rules', report);
    });
    socket.on('edges', (frame, taken) => {
      book.take(edgeFrame.parse(frame));
      if (hub) hub.emit('edges', frame, taken);
      else taken();
    });
    if (!hub) socket.emit('welcome', { protocol: AGENT_PROTOCOL, interest: { services: 'all' } });
  }
}

/** An agent's connection to the hub behind, with the agent's own credentials; what ends one ends the other. */
function dial(path: string, agent: Socket<AgentToHub, HubToAgent>): ClientSocket<HubToAgent, AgentToHub> {
  const unix = new Agent();
  unix.createConnection = () => connect(path);
  const hub: ClientSocket<HubToAgent, AgentToHub> = io('http://hub/agents', {
    ...{ transports: ['websocket'], reconnection: false, forceNew: true, auth: agent.handshake.auth },
    // The type knows only the browser's form of this option.
    agent: unix as unknown as string,
  });
  hub.on('welcome', (welcome) => agent.emit('welcome', welcome));
  hub.on('interest', (interest) => agent.emit('interest', interest));
  hub.on('resync', () => agent.emit('resync'));
  hub.on('ask', (question, answer) => agent.emit('ask', question, answer));
  for (const end of ['disconnect', 'connect_error'] as const) hub.on(end, () => agent.conn.close());
  agent.on('disconnect', () => hub.close());
  return hub;
}
