import { createServer } from 'node:http';
import { AGENT_PROTOCOL, type RoutesReport, type RulesReport, routesReport, rulesReport } from '@kubecity/protocol';
import { Server } from 'socket.io';

/** A hub that hears what agents say of their routes, and whether their rules are written: a real socket.io server on a Unix socket. */
export class RouteEar {
  /** By node, the last one last. */
  readonly routes = new Map<string, RoutesReport[]>();
  readonly rules = new Map<string, RulesReport>();
  readonly #server = createServer();
  readonly #io = new Server(this.#server);

  constructor(socketPath: string) {
    this.#io.of('/agents').on('connection', (socket) => {
      const { node } = socket.handshake.auth as { node: string };
      socket.on('rules', (report) => this.rules.set(node, rulesReport.parse(report)));
      socket.on('routes', (report) =>
        this.routes.set(node, [...(this.routes.get(node) ?? []), routesReport.parse(report)]),
      );
      socket.on('edges', (_frame, taken) => taken());
      socket.emit('welcome', { protocol: AGENT_PROTOCOL, interest: { services: 'all' } });
    });
    this.#server.listen(socketPath);
  }

  /** @throws Error before the node's first report */
  last(node: string): RoutesReport {
    const report = this.routes.get(node)?.at(-1);
    if (!report) throw new Error(`${node} has told nothing of its routes yet`);
    return report;
  }

  forget(node: string): void {
    this.routes.delete(node);
    this.rules.delete(node);
  }

  async close(): Promise<void> {
    await this.#io.close();
  }
}
