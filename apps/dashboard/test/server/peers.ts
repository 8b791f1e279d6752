import { Agent } from 'node:http';
import { connect } from 'node:net';
import type { KubeClient } from '@kubecity/kube';
import {
  AGENT_PROTOCOL,
  type AgentHello,
  type AgentToHub,
  type BrowserToHub,
  type CityFrame,
  type CityRecord,
  type HubToAgent,
  type HubToBrowser,
  type MapAnswer,
  type RecordKind,
  type SteerAnswer,
} from '@kubecity/protocol';
import { io, type Socket } from 'socket.io-client';
import { Rights } from '../../server/auth/rights.ts';
import { OpenSession } from '../../server/auth/session.ts';
import { applyOps } from './apply-ops.ts';
import { ToldEdges } from './told-edges.ts';

export const TOKEN = 'a secret of the tests';
const ONCE = { transports: ['websocket'], reconnection: false, forceNew: true };

export type AgentSocket = Socket<HubToAgent, AgentToHub>;

/** An agent's connection over the hub's Unix socket. */
export function agentSocket(socketPath: string, hello: Partial<AgentHello> = {}, namespace = '/agents'): AgentSocket {
  const agent = new Agent();
  agent.createConnection = () => connect(socketPath);
  const auth = { protocols: [AGENT_PROTOCOL], token: TOKEN, node: 'node-a', epoch: 'e1', version: '0.1.0', ...hello };
  // the type knows only the browser's form of this option
  return io(`http://hub${namespace}`, { ...ONCE, auth, agent: agent as unknown as string });
}

/** A browser that keeps the city as the frames tell it. */
export class Browser {
  readonly socket: Socket<HubToBrowser, BrowserToHub>;
  readonly city = new Map<string, unknown>();
  readonly edges = new ToldEdges();
  readonly frames: CityFrame[] = [];

  constructor(url: string, extraHeaders: Record<string, string> = {}) {
    this.socket = io(`${url}/map`, { ...ONCE, extraHeaders });
    this.socket.on('city', (frame) => {
      this.frames.push(frame);
      applyOps(this.city, frame.ops);
      this.edges.take(frame.edges);
    });
  }

  get<K extends RecordKind>(kind: K, id: string): CityRecord<K> | undefined {
    return this.city.get(`${kind} ${id}`) as CityRecord<K> | undefined;
  }

  async ask(question: unknown): Promise<MapAnswer> {
    return await this.socket.timeout(5000).emitWithAck('ask', question as never);
  }

  async steer(request: unknown): Promise<SteerAnswer> {
    return await this.socket.timeout(5000).emitWithAck('steer', request as never);
  }
}

/** Of somebody at this machine, with a cluster that nobody asks. */
export function localSession(): OpenSession {
  const client = {} as KubeClient;
  const person = { user: 'local admin', groups: [], how: 'local', client } as const;
  return new OpenSession(person, new Rights(client, () => []), 0, Number.POSITIVE_INFINITY);
}

/** `connected`, or the code and words of the refusal. */
export function outcomeOf(socket: Socket): Promise<{ connected: true } | { code?: string; message: string }> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve({ connected: true }));
    socket.once('connect_error', (error: Error & { data?: { code: string } }) =>
      resolve({ code: error.data?.code, message: error.message }),
    );
  });
}
