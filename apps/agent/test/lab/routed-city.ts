import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { resources } from '@kubecity/kube';
import type { RoutesReport } from '@kubecity/protocol';
import { expect, vi } from 'vitest';
import { AgentCity, type Flags } from './agent-city.ts';
import { eventually } from './eventually.ts';
import { RouteEar } from './route-ear.ts';
import { type Place, type PodPlace, TwoNodes } from './two-nodes.ts';

const PACKETS = fileURLToPath(new URL('numbered-packets.mjs', import.meta.url));
/** Our own routes, and nobody else's. */
export const PROTOCOL = 202;

export interface Route {
  readonly dst: string;
  readonly type?: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly protocol: string;
  readonly metric?: number;
}

export interface Received {
  readonly count: number;
  readonly missing: number;
  readonly last: number | null;
  readonly sources: readonly string[];
}

/** Nodes that know no ways to each other's pods until an agent keeps them; one is behind a router. Both families. */
export class RoutedCity extends AgentCity {
  readonly hub: RouteEar;
  readonly #places: readonly string[];

  constructor(nodes: readonly string[], behindRouter: readonly string[] = []) {
    super(new TwoNodes(nodes, { behindRouter, withoutWays: true }), { routes: 'direct' });
    this.#places = nodes;
    this.hub = new RouteEar(this.path('hub.sock'));
    // The test's own namespace is the router.
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
    writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
  }

  override async open(): Promise<void> {
    await super.open();
    for (const name of this.#places) this.announce(name);
  }

  /** Ranges as the lab gives them to pods of the node that was named at that place. */
  rangesOf(node: string): [string, string] {
    const place = this.#places.indexOf(node) + 1;
    return [`10.244.${place}.0/24`, `fd00:10:244:${place}::/64`];
  }

  place(node: string): Place {
    return this.net.nodes.get(node) as Place;
  }

  /** Its Node object, as it is or says that it is. */
  announce(
    name: string,
    { ranges = this.rangesOf(name), addresses = Object.values(this.place(name).addresses) as string[] } = {},
  ): void {
    this.putNode(name, addresses, ranges);
  }

  async deleteNode(name: string): Promise<void> {
    await this.kube.delete(resources.nodes, { name });
  }

  /** The one that agents are told to run for. */
  putDaemonSet(): void {
    const labels = { app: 'kubecity-agent' };
    const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [] } } };
    this.put('apps/v1', 'DaemonSet', { namespace: 'kubecity', name: 'kubecity-agent' }, { spec });
  }

  async deleteDaemonSet(): Promise<void> {
    await this.kube.delete(resources.daemonSets, { namespace: 'kubecity', name: 'kubecity-agent' });
  }

  async events(reason: string): Promise<string[]> {
    const { items } = await this.kube.list<{ reason?: string; note?: string }>(resources.events);
    return items.flatMap((event) => (event.reason === reason ? [event.note ?? ''] : []));
  }

  override startAgent(node: string, flags: Flags = {}): void {
    this.hub.forget(node);
    super.startAgent(node, flags);
  }

  /** Waits for the node to say that of its routes. */
  async tells(node: string, state: RoutesReport['state']): Promise<RoutesReport> {
    return eventually(() => {
      const report = this.hub.last(node);
      if (report.state !== state) throw new Error(`${node} says ${report.state}: ${report.message}`);
      return report;
    });
  }

  /** Whole routing tables of a node, both families. */
  routes(node: string): Route[] {
    return ['-4', '-6'].flatMap((family) => {
      const text = this.net.run(node, 'ip', family, '-N', '-j', 'route', 'show', 'table', '254');
      return JSON.parse(text) as Route[];
    });
  }

  /** Of ours, `destination via gateway dev device` or `unreachable destination`, sorted. */
  kept(node: string): string[] {
    return this.routes(node)
      .filter(({ protocol }) => protocol === String(PROTOCOL))
      .map(({ type, dst, gateway, dev }) =>
        type === undefined || type === 'unicast' || type === '1'
          ? `${dst} via ${gateway} dev ${dev}`
          : `unreachable ${dst}`,
      )
      .sort();
  }

  ip(node: string, command: string): string {
    return this.net.run(node, 'ip', ...command.split(' '));
  }

  /** The sum over all labels that hold those words. */
  metric(node: string, name: string, labels = ''): number {
    const script =
      "fetch('http://127.0.0.1:10249/metrics').then((got) => got.text()).then((text) => console.log(text))";
    const lines = this.net.run(node, process.execPath, '-e', script).split('\n');
    const ours = lines.filter((line) => new RegExp(`^${name}[ {]`).test(line) && line.includes(labels));
    return ours.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** Notes every change of links, routes and neighbours of a node that has to do with what we keep. */
  async witness(node: string): Promise<{ end(): Promise<string[]> }> {
    const seen: string[] = [];
    const child = this.net.start(node, ['ip', '-o', 'monitor', 'route', 'neigh', 'link']);
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      if (/ proto 202\b|city-vxlan/.test(line)) seen.push(line);
      if (line.startsWith('203.0.113.99')) heard += 1;
    });
    let heard = 0;
    // It listens, and has told everything, when it tells of a route that nobody else makes.
    const mark = () =>
      eventually(() => {
        const before = heard;
        this.ip(node, 'route add 203.0.113.99 dev lo');
        this.ip(node, 'route del 203.0.113.99 dev lo');
        return vi.waitFor(() => expect(heard).toBeGreaterThan(before), { timeout: 200, interval: 10 });
      });
    await mark();
    return {
      end: async () => {
        await mark();
        await this.net.stop(child);
        return seen;
      },
    };
  }

  /** Counts what arrives at a pod; `total` of all readings. */
  async receiver(
    pod: PodPlace,
    port = 7000,
  ): Promise<{ read(): Promise<Received>; total(): { count: number; missing: number } }> {
    const child = this.net.start(pod.netns, [process.execPath, PACKETS, 'receive', String(port)]);
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    await lines.next();
    let count = 0;
    let last = -1;
    return {
      read: async () => {
        child.stdin?.write('\n');
        const received = JSON.parse(String((await lines.next()).value)) as Received;
        count += received.count;
        last = Math.max(last, received.last ?? -1);
        return received;
      },
      total: () => ({ count, missing: last + 1 - count }),
    };
  }

  /** Sends a numbered packet every so many milliseconds until it is ended, which tells how many there were. */
  sender(pod: PodPlace, address: string, everyMs = 5, port = 7000): { end(): Promise<number> } {
    const child = this.net.start(pod.netns, [
      process.execPath,
      PACKETS,
      'send',
      address,
      String(port),
      String(everyMs),
    ]);
    return {
      end: async () => {
        const [count] = (await Promise.all([
          once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line'),
          child.stdin?.write('\n'),
        ])) as [[string], unknown];
        return Number(count[0]);
      },
    };
  }

  /** Waits until packets from one pod arrive at another, all of them with the address of the one that sends. */
  async flows(from: PodPlace, to: PodPlace, family: 4 | 6, port: number): Promise<void> {
    const receiver = await this.receiver(to, port);
    const sender = this.sender(from, to.addresses[family], 5, port);
    const sources = new Set<string>();
    // A reading has what came since the one before, which may be a packet or two.
    await eventually(async () => {
      for (const source of (await receiver.read()).sources) sources.add(source);
      expect(receiver.total().count).toBeGreaterThan(5);
    });
    expect([...sources]).toEqual([from.addresses[family]]);
    await sender.end();
  }

  override async close(): Promise<void> {
    await super.close();
    await this.hub.close();
  }
}
