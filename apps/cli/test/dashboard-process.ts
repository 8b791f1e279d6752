import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  AGENT_PROTOCOL,
  type AgentAnswer,
  type AgentQuestion,
  type AgentToHub,
  type EdgeKey,
  type EdgeRow,
  type HubToAgent,
} from '@kubecity/protocol';
import { io, type Socket } from 'socket.io-client';

const PROGRAM = join(import.meta.dirname, '../../dashboard/testing/hub-process.ts');
const TOKEN = 'a secret of the tests';

/** A dashboard without its pages, as a process of its own, and what stands for the agent of node-a. */
export class DashboardProcess {
  readonly #kubeSocket: string;
  readonly #agentSocket: string;
  #child: ChildProcess | undefined;
  #agent: Socket<HubToAgent, AgentToHub> | undefined;
  url = '';

  constructor(kubeSocket: string, folder: string) {
    this.#kubeSocket = kubeSocket;
    this.#agentSocket = join(folder, 'agents.sock');
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [PROGRAM, this.#kubeSocket, this.#agentSocket, TOKEN], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    const [url] = await once(createInterface(child.stdout), 'line');
    this.url = url as string;
  }

  /** @param answer what the agent says when it is asked */
  async connectAgent(answer: (question: AgentQuestion) => AgentAnswer): Promise<void> {
    const agent = new Agent();
    agent.createConnection = () => connect(this.#agentSocket);
    const auth = { protocols: [AGENT_PROTOCOL], token: TOKEN, node: 'node-a', epoch: 'e1', version: '0.1.0' };
    // the type knows only the browser's form of this option
    const options = { transports: ['websocket'], forceNew: true, auth, agent: agent as unknown as string };
    this.#agent = io('http://hub/agents', options);
    this.#agent.on('ask', (question, tell) => tell(answer(question)));
    await once(this.#agent as unknown as NodeJS.EventEmitter, 'welcome');
  }

  /**
   * Connections of web-1 to cart-1, `opened` of them since the start, three of them moving. With `others` as many that cart-1
   * refused on another port, and as many to the node.
   */
  tellEdges(opened: number, others = 0): void {
    const client = { kind: 'pod', uid: 'uid-web-1', namespace: 'shop', name: 'web-1' } as const;
    const pod = { uid: 'uid-cart-1', namespace: 'shop', name: 'cart-1' };
    const keys = [
      { client, pod, servicePort: 'shop/cart:http/TCP', backend: '10.0.0.1:8080' },
      { client, pod, servicePort: '', backend: '10.0.0.1:9090' },
      { client, servicePort: '', backend: '192.168.7.1:10250' },
    ];
    const rest = [9, 900, 9, 900] as const;
    const rows: EdgeRow[] = [
      [1, opened, 0, 0, ...rest, 3, 0, 0, 0, 0],
      [2, others, others, 0, ...rest, 0, 0, 0, 0, 0],
      [3, others, 0, 0, ...rest, 1, 0, 0, 0, 0],
    ];
    const told = others > 0 ? 3 : 1;
    const table = {
      ...{ entries: 10, max: 1000, insertFailed: 0, dropped: 0, earlyDropped: 0, withoutCounters: 0, lostDumps: 0 },
      ...{ lostEvents: 0, endedUnseen: 0, elsewhere: 0, unexplained: 0, folded: 0, dumpMilliseconds: 1 },
      periodMilliseconds: 1000,
    };
    const frame = {
      seq: 0,
      reset: true,
      at: Date.now(),
      define: keys.slice(0, told).map((key, i): [number, EdgeKey] => [i + 1, key]),
      forget: [],
      table,
    };
    this.#agent?.emit('edges', { ...frame, rows: rows.slice(0, told) }, () => {});
  }

  /** The agent enforces policies. */
  tellIsolation(ownNode: 'exempt' | 'filter'): void {
    const none = { policies: [], pods: [], problems: [] };
    this.#agent?.emit('isolation', { at: Date.now(), state: 'enforcing', rules: 1, sets: 1, ownNode, ...none });
  }

  /** web-1 tried to reach cart-1, and policies refused it. */
  tellRefusal(policies: string[]): void {
    const at = Date.now();
    const attempt = { from: '10.0.1.1', to: '10.0.0.1', protocol: 'TCP', port: 8080, direction: 'ingress' } as const;
    this.#agent?.emit('refusedAttempts', { at, rows: [{ ...attempt, at, policies }], more: false });
  }

  async stop(): Promise<void> {
    this.#agent?.close();
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    child.stdin?.end();
    await once(child, 'exit');
  }
}
