import { createServer } from 'node:http';
import type { AgentAnswer, AgentQuestion, EdgeFrame, EdgeKey, RulesReport } from '@kubecity/protocol';
import { AGENT_PROTOCOL, agentAnswer, edgeFrame, rulesReport } from '@kubecity/protocol';
import { Server, type Socket } from 'socket.io';

/** The hub's end of the stream: a real socket.io server on a Unix socket that keeps the last of everything. */
export class HubEar {
  readonly #server = createServer();
  readonly #io = new Server(this.#server);
  readonly #edges = new Map<number, { key: EdgeKey; row: EdgeFrame['rows'][number] | undefined }>();
  readonly hellos: Record<string, unknown>[] = [];
  rules: RulesReport | undefined;
  frames = 0;
  #socket: Socket | undefined;
  readonly reports: RulesReport[] = [];

  constructor(socketPath: string) {
    this.#io.of('/agents').on('connection', (socket) => {
      this.hellos.push(socket.handshake.auth);
      this.#socket = socket;
      this.#edges.clear();
      socket.on('rules', (message) => {
        this.rules = rulesReport.parse(message);
        this.reports.push(this.rules);
      });
      socket.on('edges', (message, taken) => {
        this.#take(edgeFrame.parse(message));
        taken();
      });
      socket.emit('welcome', { protocol: AGENT_PROTOCOL, interest: { services: 'all' } });
    });
    this.#server.listen(socketPath);
  }

  /** Connections opened since the agent's start to each backend of a service port. */
  opened(servicePort: string): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { key, row } of this.#edges.values()) {
      if (key.servicePort === servicePort) sums[key.backend] = (sums[key.backend] ?? 0) + (row?.[1] ?? 0);
    }
    return sums;
  }

  clients(): EdgeKey['client'][] {
    return [...this.#edges.values()].map(({ key }) => key.client);
  }

  async ask(question: AgentQuestion): Promise<AgentAnswer> {
    return agentAnswer.parse(await this.#socket?.emitWithAck('ask', question));
  }

  async close(): Promise<void> {
    await this.#io.close();
  }

  #take(frame: EdgeFrame): void {
    this.frames += 1;
    if (frame.reset) this.#edges.clear();
    for (const [id, key] of frame.define) this.#edges.set(id, { key, row: undefined });
    for (const row of frame.rows) {
      const edge = this.#edges.get(row[0]);
      if (!edge) throw new Error(`edge ${row[0]} was never defined`);
      edge.row = row;
    }
    for (const id of frame.forget) this.#edges.delete(id);
  }
}
