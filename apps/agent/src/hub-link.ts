import type { Agent } from 'node:http';
import net from 'node:net';
import {
  type AgentAnswer,
  type AgentHello,
  type AgentToHub,
  type EdgeFrame,
  type HubToAgent,
  type Interest,
  interest as interestSchema,
  PROTOCOLS,
  type RulesReport,
  welcome as welcomeSchema,
} from '@kubecity/protocol';
import type { Logger } from 'pino';
import { io, type Socket } from 'socket.io-client';
import type { HubAddress } from './config/agent-config.ts';
import { http } from './http.ts';

export interface HubLinkOptions {
  readonly address: HubAddress;
  readonly token: string;
  readonly node: string;
  readonly version: string;
  /** Of the totals in frames, asked at each connection. */
  readonly epoch: () => string;
  /** The hub has welcomed us (again): everything must be told from the beginning. */
  readonly welcomed: (interest: Interest) => void;
  /** Nobody listens any more. */
  readonly gone: () => void;
  readonly interest: (interest: Interest) => void;
  readonly resync: () => void;
  /** Must answer, whatever it is asked. */
  readonly ask: (question: unknown) => Promise<AgentAnswer>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** A hub that lets us wait so long, for its welcome or for the use of a frame, is taken for gone. */
  readonly silentMs?: number;
}

const SILENT_MS = 30_000;
const REFUSED_RETRY_MS = 10_000;

/**
 * The stream to the dashboard. Nothing is queued while it is away: after a reconnection the whole state is sent anew, so
 * memory stays bounded and the hub never sees half a story. Nothing is told before the hub's welcome.
 */
export class HubLink {
  readonly #options: HubLinkOptions;
  readonly #socket: Socket<HubToAgent, AgentToHub>;
  readonly #silentMs: number;
  #welcomed = false;
  #closed = false;
  #patience: NodeJS.Timeout | undefined;
  #lastError = '';

  constructor(options: HubLinkOptions) {
    const { address, log, silentMs = SILENT_MS } = options;
    this.#options = options;
    this.#silentMs = silentMs;
    const unix = 'socketPath' in address;
    this.#socket = io(unix ? 'http://hub/agents' : `${address.url}/agents`, {
      transports: ['websocket'],
      auth: (give) => give(this.#hello()),
      reconnectionDelay: 500,
      reconnectionDelayMax: 10_000,
      // engine.io hands this agent to its WebSocket: connections over it end at the Unix socket.
      ...(unix && { agent: unixAgent(address.socketPath) as unknown as string }),
    });
    this.#socket.on('connect', () => {
      this.#patience = setTimeout(() => this.#silent('no welcome'), silentMs);
    });
    this.#socket.on('welcome', (message) => this.#onWelcome(message));
    this.#socket.on('interest', (message) => this.#onInterest(message));
    this.#socket.on('resync', () => this.connected && options.resync());
    this.#socket.on('ask', (question, answer) => this.#onAsk(question, answer));
    this.#socket.on('disconnect', (reason) => {
      this.#leave();
      if (reason === 'io client disconnect') return;
      log.warn({ reason }, 'hub is gone; routing goes on');
      // The hub has turned us out: socket.io does not try again by itself.
      if (!this.#socket.active) this.#tryLater();
    });
    this.#socket.on('connect_error', (error) => this.#onConnectError(error));
  }

  /** Welcomed: what is sent now arrives. */
  get connected(): boolean {
    return this.#socket.connected && this.#welcomed;
  }

  sendRules(report: RulesReport): void {
    if (this.connected) this.#socket.emit('rules', report);
  }

  /** A frame for a hub that is gone vanishes; the next one gets everything. */
  sendEdges(frame: EdgeFrame, taken: () => void): void {
    if (!this.connected) return;
    this.#socket.timeout(this.#silentMs).emit('edges', frame, (error) => {
      if (!error) taken();
      // Pending acknowledgements fail also when the connection ends, which is told otherwise.
      else if (this.connected) this.#silent('frames are not used');
    });
  }

  /** Connects anew, to be heard from the beginning: with a new epoch. */
  renew(): void {
    if (!this.#socket.connected) return;
    this.#socket.disconnect().connect();
  }

  close(): void {
    this.#closed = true;
    this.#socket.close();
  }

  #hello(): AgentHello {
    const { token, node, epoch, version } = this.#options;
    return { protocols: [...PROTOCOLS], token, node, epoch: epoch(), version };
  }

  #onWelcome(message: unknown): void {
    const { success, data } = welcomeSchema.safeParse(message);
    if (!success || !PROTOCOLS.includes(data.protocol)) {
      this.#misunderstood('welcome');
      return;
    }
    clearTimeout(this.#patience);
    this.#lastError = '';
    this.#welcomed = true;
    this.#options.log.info({ protocol: data.protocol }, 'connected to the hub');
    this.#options.welcomed(data.interest);
  }

  #onInterest(message: unknown): void {
    const { success, data } = interestSchema.safeParse(message);
    if (!success) this.#misunderstood('interest');
    else if (this.connected) this.#options.interest(data);
  }

  #onAsk(question: unknown, answer: unknown): void {
    if (typeof answer !== 'function') this.#misunderstood('ask');
    else void this.#options.ask(question).then((given) => answer(given));
  }

  /** One bad message is no reason to leave a hub that is otherwise sound. */
  #misunderstood(event: string): void {
    this.#options.log.warn({ event }, 'a message of the hub was not understood and is passed over');
  }

  #silent(reason: string): void {
    this.#options.log.warn({ reason, silentMs: this.#silentMs }, 'hub is silent; connecting anew');
    this.renew();
  }

  #leave(): void {
    clearTimeout(this.#patience);
    if (!this.#welcomed) return;
    this.#welcomed = false;
    this.#options.gone();
  }

  /** One line per kind of failure, not one per attempt. A refusal by the hub ends socket.io's own retries. */
  #onConnectError(error: Error): void {
    if (error.message !== this.#lastError)
      this.#options.log.warn({ reason: error.message }, 'hub is not reachable; routing goes on');
    this.#lastError = error.message;
    if (!this.#socket.active) this.#tryLater();
  }

  #tryLater(): void {
    setTimeout(() => !this.#closed && this.#socket.connect(), REFUSED_RETRY_MS).unref();
  }
}

function unixAgent(path: string): Agent {
  const agent = new http.Agent();
  agent.createConnection = () => net.connect({ path });
  return agent;
}
