import { createServer } from 'node:http';
import {
  AGENT_PROTOCOL,
  type AgentToHub,
  type EdgeFrame,
  type HubToAgent,
  type TableFigures,
} from '@kubecity/protocol';
import { Server } from 'socket.io';

/** The hub's end of one agent's stream, as light as can be: it looks at each frame when it comes, and keeps sums. */
export class FrameEar {
  readonly #server = createServer();
  readonly #io: Server<AgentToHub, HubToAgent>;
  readonly #opened = new Map<number, number>();
  readonly #servicePorts = new Map<number, string>();
  readonly #watched: string;
  /** Unix ms at which the n-th connection on the watched service port was first told of. */
  readonly told: number[] = [];
  /** By the clock of `performance.now`. */
  readonly frameTimes: number[] = [];
  frames = 0;
  resets = 0;
  inSync = false;
  table: TableFigures | undefined;

  /** @param watched the key of a service port */
  constructor(socketPath: string, watched: string) {
    this.#watched = watched;
    this.#io = new Server(this.#server, { maxHttpBufferSize: 2 ** 28 });
    this.#io.of('/agents').on('connection', (socket) => {
      socket.on('rules', ({ inSync }) => {
        this.inSync = inSync;
      });
      socket.on('edges', (frame, taken) => {
        this.#take(frame, performance.timeOrigin + performance.now());
        taken?.();
      });
      socket.emit('welcome', { protocol: AGENT_PROTOCOL, interest: { services: 'all' } });
    });
    this.#server.listen(socketPath);
  }

  get edges(): number {
    return this.#opened.size;
  }

  /** Connections since the agent began. */
  opened(): number {
    return [...this.#opened.values()].reduce((sum, opened) => sum + opened, 0);
  }

  async close(): Promise<void> {
    await this.#io.close();
  }

  #take({ reset, define, rows, table }: EdgeFrame, at: number): void {
    this.frames += 1;
    this.frameTimes.push(performance.now());
    this.table = table;
    if (reset) {
      this.resets += 1;
      this.#opened.clear();
      this.#servicePorts.clear();
    }
    for (const [id, { servicePort }] of define) this.#servicePorts.set(id, servicePort);
    for (const [id, opened] of rows) {
      this.#opened.set(id, opened);
      if (this.#servicePorts.get(id) === this.#watched) while (this.told.length < opened) this.told.push(at);
    }
  }
}
