import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, ensureCrd, type KubeClient } from '@kubecity/kube';
import { type KubeObject, type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { CLUSTER_RANGES, type TwoNodes } from './two-nodes.ts';

const AGENT = fileURLToPath(new URL('../../kubecity-agent', import.meta.url));

export type Flags = Readonly<Record<string, string>>;

/** What cities of tests have in common: nodes, an API server as the operator's hand, a folder of sockets, and real agents. */
export class AgentCity {
  readonly net: TwoNodes;
  /** By node. */
  readonly agents = new Map<string, ChildProcess>();
  kube!: KubeClient;
  readonly #folder = mkdtempSync(join(tmpdir(), 'kubecity-lab-'));
  readonly #flags: Flags;
  #api!: MiniApiServer;

  /** @param flags of every agent, besides those that it takes to be one of this city */
  constructor(net: TwoNodes, flags: Flags) {
    this.net = net;
    this.#flags = flags;
  }

  async open(): Promise<void> {
    writeFileSync(this.path('token'), 'a secret of the tests\n');
    this.#api = await startMiniApiServer({ socketPath: this.path('api.sock') });
    this.kube = connect({ socketPath: this.path('api.sock') });
    await ensureCrd(this.kube);
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** As somebody else writes it into the API. */
  put(apiVersion: string, kind: string, metadata: KubeObject['metadata'], rest: object): void {
    this.#api.put({ apiVersion, kind, metadata, ...rest });
  }

  putNode(name: string, addresses: readonly string[], ranges: readonly string[] = []): void {
    const status = { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) };
    const spec = { podCIDR: ranges[0], podCIDRs: ranges };
    this.put('v1', 'Node', { name }, { status, ...(ranges.length > 0 && { spec }) });
  }

  startAgent(node: string, flags: Flags = {}, env: NodeJS.ProcessEnv = {}): void {
    const all = {
      'node-name': node,
      'kube-socket': this.path('api.sock'),
      'cluster-cidr': CLUSTER_RANGES.join(','),
      hub: `unix:${this.path('hub.sock')}`,
      'hub-token-file': this.path('token'),
      'log-level': 'error',
      ...this.#flags,
      ...flags,
    };
    const args = Object.entries(all).flatMap(([flag, value]) => [`--${flag}`, value]);
    this.agents.set(node, this.net.start(node, [AGENT, ...args], { NODE: process.execPath, ...env }));
  }

  /** Carries out a command of the agent on a node, to its end. */
  command(node: string, ...args: string[]): string {
    return this.net.run(node, 'env', `NODE=${process.execPath}`, AGENT, ...args);
  }

  async stopAgent(node: string, signal: NodeJS.Signals): Promise<void> {
    await this.net.stop(this.agents.get(node) as ChildProcess, signal);
    this.agents.delete(node);
  }

  async close(): Promise<void> {
    await this.net.close();
    await this.kube?.close();
    await this.#api?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
