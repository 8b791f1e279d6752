import http from 'node:http';
import net from 'node:net';
import {
  type AgentToHub,
  type EdgeFrame,
  type HubToAgent,
  PROTOCOL_VERSION,
  type RulesReport,
} from '@kubecity/protocol';
import type { Logger } from 'pino';
import { io, type Socket } from 'socket.io-client';
import type { HubAddress } from './config/agent-config.ts';

export interface HubLinkOptions {
  readonly address: HubAddress;
  readonly token: string;
  readonly node: string;
  readonly epoch: string;
  readonly version: string;
  /** A connection is there (again): everything must be told from the beginning. */
  readonly fresh: () => void;
  readonly log: Logger;
}

/**
 * The stream to the dashboard. Nothing is queued while it is away: after a reconnection the whole state is sent anew, so
 * memory stays bounded and the hub never sees half a story.
 */
export class HubLink {
  readonly #socket: Socket<HubToAgent, AgentToHub>;
  readonly #log: Logger;
  #lastError = '';

  constructor({ address, token, node, epoch, version, fresh, log }: HubLinkOptions) {
    this.#log = log;
    const unix = 'socketPath' in address;
    this.#socket = io(unix ? 'http://hub/agents' : `${address.url}/agents`, {
      transports: ['websocket'],
      auth: { protocol: PROTOCOL_VERSION, token, node, epoch, version },
      reconnectionDelay: 500,
      reconnectionDelayMax: 10_000,
      // engine.io hands this agent to its WebSocket: connections over it end at the Unix socket.
      ...(unix && { agent: unixAgent(address.socketPath) as unknown as string }),
    });
    this.#socket.on('connect', () => {
      this.#lastError = '';
      log.info('connected to the hub');
      fresh();
    });
    this.#socket.on('resync', fresh);
    this.#socket.on('disconnect', (reason) => {
      if (reason !== 'io client disconnect') log.warn({ reason }, 'hub is gone; routing goes on');
    });
    this.#socket.on('connect_error', (error) => this.#onConnectError(error));
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  sendRules(report: RulesReport): void {
    if (this.#socket.connected) this.#socket.emit('rules', report);
  }

  /** Returns false when the frame was not taken: not connected, or the hub reads too slowly to take more. */
  sendEdges(frame: EdgeFrame): boolean {
    if (!this.#socket.connected) return false;
    this.#socket.emit('edges', frame);
    return true;
  }

  close(): void {
    this.#socket.close();
  }

  /** One line per kind of failure, not one per attempt. A refusal by the hub ends socket.io's own retries. */
  #onConnectError(error: Error): void {
    if (error.message !== this.#lastError)
      this.#log.warn({ reason: error.message }, 'hub is not reachable; routing goes on');
    this.#lastError = error.message;
    if (!this.#socket.active) setTimeout(() => this.#socket.connect(), 10_000).unref();
  }
}

function unixAgent(path: string): http.Agent {
  const agent = new http.Agent();
  agent.createConnection = () => net.connect({ path });
  return agent;
}
