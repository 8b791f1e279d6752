import { createServer } from 'node:http';
import {
  type AgentAnswer,
  type AgentQuestion,
  type AgentToHub,
  ASK_TIMEOUT_MS,
  agentAnswer,
  edgeFrame,
  type HubToAgent,
  PROTOCOL_VERSION,
  type RulesReport,
  rulesReport,
} from '@kubecity/protocol';
import { Server, type Socket } from 'socket.io';
import { ToldEdges } from './told-edges.ts';

/** The hub's end of the stream, for several agents: a real socket.io server on a Unix socket that notes all it is told. */
export class TruthHub {
  readonly #server = createServer();
  readonly #io: Server<AgentToHub, HubToAgent>;
  /** By node: one book for each epoch, the present one last. */
  readonly #books = new Map<string, ToldEdges[]>();
  readonly #sockets = new Map<string, Socket<AgentToHub, HubToAgent>>();
  readonly rules = new Map<string, RulesReport>();

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
    socket.on('rules', (report) => this.rules.set(node, rulesReport.parse(report)));
    socket.on('edges', (frame, taken) => {
      book.take(edgeFrame.parse(frame));
      taken?.();
    });
    socket.emit('welcome', { protocol: PROTOCOL_VERSION, interest: { services: 'all' } });
  }
}
