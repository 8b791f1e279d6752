import { createServer } from 'node:http';
import {
  AGENT_PROTOCOL,
  type AgentAnswer,
  type AgentQuestion,
  agentAnswer,
  type IsolationReport,
  isolationReport,
  type PolicyCounts,
  policyCounts,
  type RefusedAttempts,
  type RulesReport,
  refusedAttempts,
  rulesReport,
} from '@kubecity/protocol';
import { Server, type Socket } from 'socket.io';

/** What one node has told, the last one last. */
interface Told {
  readonly rules: RulesReport[];
  readonly isolation: IsolationReport[];
  readonly counts: PolicyCounts[];
  readonly refused: RefusedAttempts[];
  socket: Socket | undefined;
}

/** A hub that hears what agents enforce and refuse: a real socket.io server on a Unix socket. */
export class IsolationEar {
  readonly #told = new Map<string, Told>();
  readonly #server = createServer();
  readonly #io = new Server(this.#server);

  constructor(socketPath: string) {
    this.#io.of('/agents').on('connection', (socket) => {
      const told = this.of(String(socket.handshake.auth.node));
      told.socket = socket;
      socket.on('rules', (message) => told.rules.push(rulesReport.parse(message)));
      socket.on('isolation', (message) => told.isolation.push(isolationReport.parse(message)));
      socket.on('policyCounts', (message) => told.counts.push(policyCounts.parse(message)));
      socket.on('refusedAttempts', (message) => told.refused.push(refusedAttempts.parse(message)));
      socket.on('edges', (_frame, taken) => taken());
      socket.emit('welcome', { protocol: AGENT_PROTOCOL, interest: { services: 'all' } });
    });
    this.#server.listen(socketPath);
  }

  of(node: string): Told {
    const told = this.#told.get(node) ?? { rules: [], isolation: [], counts: [], refused: [], socket: undefined };
    this.#told.set(node, told);
    return told;
  }

  /** What the node said last of what it enforces. @throws Error before its first word */
  report(node: string): IsolationReport {
    const report = this.of(node).isolation.at(-1);
    if (!report) throw new Error(`${node} has told nothing of isolation yet`);
    return report;
  }

  async ask(node: string, question: AgentQuestion): Promise<AgentAnswer> {
    return agentAnswer.parse(await this.of(node).socket?.emitWithAck('ask', question));
  }

  forget(node: string): void {
    this.#told.delete(node);
  }

  async close(): Promise<void> {
    await this.#io.close();
  }
}
