import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, ensureCrd, type KubeClient, resources } from '@kubecity/kube';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { ipset, iptables } from '@kubecity/netfilter';
import type { Acknowledgement } from '@kubecity/protocol';
import { vi } from 'vitest';
import { removeRules } from '../../src/rules/cleanup.ts';
import { HubEar } from './hub-ear.ts';
import { Lab, tool } from './lab.ts';

export const VIP = '10.96.0.10';
export const PODS = ['p1', 'p2', 'p3'];
export const addressOf = (pod: string): string => `10.244.1.${pod.slice(1)}`;
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 50 });

/**
 * A node with a real agent, an API server and a hub's ear. Behind Service cart (TCP 80, UDP 53) are the pods p1–p3; `client`
 * is a pod, too. The agent's iptables-restore waits while it is held.
 */
export class SteeredNode {
  readonly lab = new Lab();
  readonly folder = mkdtempSync(join(tmpdir(), 'kubecity-steered-'));
  hub = this.#newHub();
  client!: KubeClient;
  #api!: MiniApiServer;
  #agent: ChildProcess | undefined;

  async open(): Promise<void> {
    writeFileSync(join(this.folder, 'token'), 'a-token\n');
    writeFileSync(join(this.folder, 'agent.yaml'), 'clusterCIDR: [10.244.0.0/16]\n');
    this.#wrapRestore();
    for (const pod of PODS) {
      this.lab.addHost(pod, addressOf(pod));
      await this.lab.serve(pod, 8080);
    }
    this.lab.addHost('client', '10.244.1.9');
    await this.startApi();
  }

  async startApi(): Promise<void> {
    const socketPath = join(this.folder, 'api.sock');
    this.#api = await startMiniApiServer({ socketPath });
    this.client = connect({ socketPath });
    await ensureCrd(this.client);
    await this.client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    this.#api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' } });
    this.putService({});
    const ports = [
      { name: 'http', port: 8080, protocol: 'TCP' },
      { name: 'dns', port: 8080, protocol: 'UDP' },
    ];
    this.#api.put({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'shop', name: 'cart-x', labels: { 'kubernetes.io/service-name': 'cart' } },
      addressType: 'IPv4',
      ports,
      endpoints: PODS.map((name) => ({
        addresses: [addressOf(name)],
        conditions: { ready: true },
        nodeName: 'node-a',
        targetRef: { kind: 'Pod', namespace: 'shop', name },
      })),
    });
  }

  #newHub(): HubEar {
    return new HubEar(join(this.folder, 'hub.sock'));
  }

  async stopHub(): Promise<void> {
    await this.hub.close();
  }

  startHub(): void {
    this.hub = this.#newHub();
  }

  put(object: Parameters<MiniApiServer['put']>[0]): void {
    this.#api.put(object);
  }

  async stopApi(): Promise<void> {
    await this.client.close();
    await this.#api.close();
  }

  putService(spec: object, annotations: Readonly<Record<string, string>> = {}): void {
    const ports = [
      { name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 },
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 8080 },
    ];
    this.#api.put({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'cart', annotations },
      spec: { clusterIP: VIP, clusterIPs: [VIP], ports, ...spec },
    });
  }

  /** Makes an override of a pod of cart. */
  async wish(name: string, pod: string, spec: object): Promise<void> {
    await this.client.create(resources.routingOverrides, {
      apiVersion: 'kubecity.dev/v1alpha1',
      kind: 'RoutingOverride',
      metadata: { namespace: 'shop', name },
      spec: { service: 'cart', backends: { podNames: [pod] }, ...spec },
    });
  }

  async release(name: string): Promise<void> {
    await this.client.delete(resources.routingOverrides, { namespace: 'shop', name });
    await eventually(() => {
      if (this.acknowledged(name)) throw new Error(`${name} is still acknowledged`);
    });
  }

  /** Releases all there are. */
  async releaseAll(): Promise<void> {
    for (const resource of [resources.routingOverrides, resources.clusterRoutingOverrides]) {
      const { items } = await this.client.list<{ metadata: { namespace?: string; name: string } }>(resource);
      for (const { metadata } of items) {
        const { namespace, name } = metadata;
        await this.client.delete(resource, { ...(namespace !== undefined && { namespace }), name });
      }
    }
    await eventually(() => {
      if (this.hub.rules?.acknowledged.length) throw new Error('overrides are still acknowledged');
    });
  }

  acknowledged(name: string): Acknowledgement | undefined {
    return this.hub.rules?.acknowledged.find((each) => each.name === name);
  }

  /** Resolves when the node says that its kernel holds the override, in that state. */
  async holds(name: string, state: Acknowledgement['state'] = 'applied'): Promise<void> {
    await eventually(() => {
      if (this.acknowledged(name)?.state !== state) throw new Error(`${name} is not acknowledged as ${state}`);
    });
  }

  /** Starts the agent, and waits until the kernel is as wished. */
  async startAgent(): Promise<void> {
    const flags = {
      'node-name': 'node-a',
      'kube-socket': join(this.folder, 'api.sock'),
      config: join(this.folder, 'agent.yaml'),
      hub: `unix:${join(this.folder, 'hub.sock')}`,
      'hub-token-file': join(this.folder, 'token'),
      'accounting-ms': '200',
      'accounting-cpu-percent': '100',
      'log-level': 'error',
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    this.#agent = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PATH: `${join(this.folder, 'bin')}:${process.env.PATH}` },
    });
    this.hub.reports.length = 0;
    this.hub.rules = undefined;
    await eventually(() => {
      if (!this.hub.rules?.inSync) throw new Error('the agent has not synced yet');
    });
  }

  async stopAgent(signal: NodeJS.Signals): Promise<void> {
    const agent = this.#agent as ChildProcess;
    this.#agent = undefined;
    const exit = once(agent, 'exit');
    agent.kill(signal);
    await exit;
  }

  /** Nothing is written into the kernel from now on, until it is let go. */
  hold(): { letGo(): void } {
    const file = join(this.folder, 'hold');
    writeFileSync(file, '');
    return { letGo: () => rmSync(file) };
  }

  /** Ids of the entries of open connections to a pod by Service cart. */
  entries(pod: string, protocol: 'tcp' | 'udp' = 'tcp'): string[] {
    return tool(`conntrack -L -p ${protocol} --orig-dst ${VIP} --reply-src ${addressOf(pod)} -o id`)
      .split('\n')
      .filter((line) => protocol === 'udp' || line.includes('ESTABLISHED'))
      .map((line) => /id=(\d+)/.exec(line)?.[1] ?? '')
      .filter((id) => id !== '')
      .sort();
  }

  /** Who answers new connections, of so many. */
  async answering(count = 60): Promise<string[]> {
    const tally = await this.lab.call('client', VIP, 80, count);
    return [...new Set(Object.keys(tally).map((answer) => answer.split(' ')[0] ?? ''))].sort();
  }

  async metric(name: string): Promise<number> {
    const text = await (await fetch('http://127.0.0.1:10249/metrics')).text();
    const line = text.split('\n').find((each) => each.startsWith(`${name} `) || each.startsWith(`${name}{`));
    return Number(line?.slice(line.lastIndexOf(' ') + 1) ?? 0);
  }

  async close(): Promise<void> {
    if (this.#agent) await this.stopAgent('SIGTERM');
    await this.hub.close();
    await this.stopApi();
    await removeRules([iptables(), iptables({ family: 'IPv6' })], ipset());
    await this.lab.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #wrapRestore(): void {
    const bin = join(this.folder, 'bin');
    mkdirSync(bin);
    // The agent takes those of the flavour that it finds in use; one of the two may not be installed.
    const names = ['', '-nft', '-legacy'].flatMap((flavour) => [
      `iptables${flavour}-restore`,
      `ip6tables${flavour}-restore`,
    ]);
    for (const name of names) {
      const path = execFileSync('sh', ['-c', `command -v ${name} || true`], { encoding: 'utf8' }).trim();
      if (path === '') continue;
      const wait = `while [ -e ${join(this.folder, 'hold')} ]; do sleep 0.02; done`;
      writeFileSync(join(bin, name), `#!/bin/sh\n${wait}\nexec ${path} "$@"\n`);
      chmodSync(join(bin, name), 0o755);
    }
  }
}
