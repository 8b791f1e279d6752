import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { KubeClient } from '@kubecity/kube';
import { pino } from 'pino';
import type { Socket } from 'socket.io-client';
import { expect } from 'vitest';
import { secretProof } from '../../server/agent-link/agent-proof.ts';
import { type Hub, type HubOptions, startHub } from '../../server/hub.ts';
import { pages } from '../../server/pages.ts';
import { type AgentSocket, agentSocket, Browser } from './peers.ts';

/** What an agent says of itself, and through which door it comes. */
export type AgentArguments = Parameters<typeof agentSocket> extends [string, ...infer Rest] ? Rest : never;

/** What a hub does is waited for, however busy the machine. */
export const eventually = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 20_000, interval: 10 });

/** The same with questions, of which a browser may ask a few a second. */
export const askedOften = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 20_000, interval: 500 });

/** A hub on servers of its own, with the peers that a test gives it. */
export class TestHub {
  readonly #sockets: Socket[] = [];
  readonly #socketPath: string;
  readonly #servers: readonly Server[];
  readonly hub: Hub;
  readonly log: string[] = [];
  url = '';

  private constructor(client: KubeClient, socketPath: string, options: Partial<HubOptions>) {
    const [server, agentServer] = [createServer(), createServer()];
    this.#servers = [server, agentServer];
    this.#socketPath = socketPath;
    this.hub = startHub({
      client,
      clusterName: 'test',
      agentProof: secretProof('a secret of the tests'),
      log: pino({ level: 'info' }, { write: (line: string) => this.log.push(line) }),
      server,
      agentServer,
      frameMilliseconds: 20,
      ...options,
    });
    const render = async (_request: unknown, response: { end(text: string): unknown }) => void response.end('page');
    server.on('request', pages({ hub: () => this.hub, dev: false, render }));
  }

  static async start(
    client: KubeClient,
    directory: string,
    name = 'hub',
    options: Partial<HubOptions> = {},
  ): Promise<TestHub> {
    const socketPath = join(directory, `${name}.sock`);
    const made = new TestHub(client, socketPath, options);
    const [server, agentServer] = made.#servers as [Server, Server];
    await Promise.all([
      once(server.listen(0, '127.0.0.1'), 'listening'),
      once(agentServer.listen(socketPath), 'listening'),
    ]);
    made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await eventually(() => made.hub.live()).toBe(true);
    return made;
  }

  browser(headers?: Record<string, string>): Browser {
    const browser = new Browser(this.url, headers);
    this.#sockets.push(browser.socket);
    return browser;
  }

  agent(...args: AgentArguments): AgentSocket {
    const agent = agentSocket(this.#socketPath, ...args);
    this.#sockets.push(agent);
    return agent;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await this.hub.close();
  }
}
