import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type PodPlace, type TwoNodes, within } from './two-nodes.ts';

const SENDER = fileURLToPath(new URL('syn-sender.pl', import.meta.url));
const run = promisify(execFile);
/** The mark of syn-sender.pl. */
const MARKED = ['-p', 'tcp', '-m', 'tos', '--tos', '0x08/0xff'];

/** How many first packets each backend received, by its pod's name. */
export type Tally = Readonly<Record<string, number>>;

/**
 * First packets of connections, some ten thousand a second, from pods to a Service, and what its backends received of them:
 * counted by a rule in each backend's own namespace, before anything there can answer.
 */
export class Knocks {
  readonly #net: TwoNodes;
  readonly #backends: readonly string[];
  /** So many were sent, by client: the next one has the next source port. */
  readonly #sent = new Map<string, number>();

  constructor(net: TwoNodes, backends: readonly string[]) {
    this.#net = net;
    this.#backends = backends;
    for (const backend of backends)
      net.run(backend, 'iptables', '-t', 'raw', '-A', 'PREROUTING', ...MARKED, '-j', 'DROP');
    // Listeners would drown in the ends of so many, and miss those that the tests are about.
    for (const node of net.nodes.keys()) {
      net.run(node, 'iptables', '-t', 'raw', '-A', 'PREROUTING', ...MARKED, '-j', 'CT', '--ctevents', 'assured');
    }
    // One that nobody answers is forgotten soon, so that its port can be used anew.
    net.set('netfilter/nf_conntrack_tcp_timeout_syn_sent', 3);
  }

  /** So many from each client; resolves when all are sent. */
  async send(clients: readonly PodPlace[], [address, port]: readonly [string, number], count: number): Promise<void> {
    await Promise.all(
      clients.map(async ({ netns, addresses }) => {
        const first = this.#sent.get(netns) ?? 0;
        this.#sent.set(netns, first + count);
        const args = [addresses[4], address, port, first, count].map(String);
        const [file = '', ...rest] = within(netns, ['perl', SENDER, ...args]);
        await run(file, rest);
      }),
    );
  }

  /** Since the start. */
  received(): Tally {
    return Object.fromEntries(this.#backends.map((backend) => [backend, this.#count(backend)]));
  }

  /** Sends, and tells what came of it. */
  async tally(clients: readonly PodPlace[], to: readonly [string, number], count: number): Promise<Tally> {
    const before = this.received();
    await this.send(clients, to, count);
    return Object.fromEntries(Object.entries(this.received()).map(([pod, now]) => [pod, now - (before[pod] ?? 0)]));
  }

  #count(backend: string): number {
    const rules = this.#net.run(backend, 'iptables', '-t', 'raw', '-nvxL', 'PREROUTING');
    const [, packets] = /^\s*(\d+)\s+\d+\s+DROP\b/m.exec(rules) ?? [];
    if (packets === undefined) throw new Error(`${backend} does not count`);
    return Number(packets);
  }
}
