import type { ChildProcess } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TwoNodes } from './two-nodes.ts';

/** One conntrack entry, as the tool of the kernel's authors prints it. */
export interface KernelFlow {
  /** `tcp 10.0.0.1 1234 10.0.0.2 80`: the packet as it was sent. */
  readonly key: string;
  readonly protocol: string;
  readonly source: string;
  readonly destination: string;
  readonly destinationPort: number;
  /** Of TCP, while the entry lives. */
  readonly state: string | undefined;
  readonly replySource: string;
  readonly replySourcePort: number;
  readonly packetsToBackend: number;
  readonly bytesToBackend: number;
  readonly packetsToClient: number;
  readonly bytesToClient: number;
  /** False: older than the switch for counters. */
  readonly counted: boolean;
}

/** What a connection is called here, by the addresses and ports of its first packet. */
export function flowKey(protocol: string, from: string, fromPort: number, to: string, toPort: number): string {
  return `${protocol} ${from} ${fromPort} ${to} ${toPort}`;
}

/** A line of `conntrack -L` or `-E` with `-o extended,id`; undefined for what has no ports. */
export function readFlow(line: string): { readonly identity: string; readonly flow: KernelFlow } | undefined {
  const head = /\bipv[46]\s+\d+ (tcp|udp|sctp)\s+\d+ (?:\d+ )?(?:([A-Z][A-Z_0-9]+) )?\s*src=/.exec(line);
  if (!head) return undefined;
  const all = (name: string) =>
    [...line.matchAll(new RegExp(`\\b${name}=(\\S+)`, 'g'))].map(([, value]) => String(value));
  const [source = '', replySource = ''] = all('src');
  const [destination = ''] = all('dst');
  const [sourcePort, replySourcePort] = all('sport').map(Number);
  const [destinationPort = 0] = all('dport').map(Number);
  const [packetsToBackend = 0, packetsToClient = 0] = all('packets').map(Number);
  const [bytesToBackend = 0, bytesToClient = 0] = all('bytes').map(Number);
  const protocol = head[1] as string;
  const key = flowKey(protocol, source, sourcePort as number, destination, destinationPort);
  const flow = {
    ...{ key, protocol, source, destination, destinationPort, state: head[2] },
    ...{ replySource, replySourcePort: replySourcePort as number },
    ...{ packetsToBackend, bytesToBackend, packetsToClient, bytesToClient, counted: all('bytes').length === 2 },
  };
  return { identity: `${key} #${all('id')[0]}`, flow };
}

/** Whether a process has a socket in the kernel's group of ended connections. */
export function listens(net: TwoNodes, node: string, pid: number): boolean {
  return ear(net, node, pid) !== undefined;
}

/** Whether that process has read all that the kernel has told it. */
export function hasReadAll(net: TwoNodes, node: string, pid: number): boolean {
  return ear(net, node, pid)?.[4] === '0';
}

/** The line of that socket in `/proc/net/netlink`: `sk protocol pid groups(hex) unread(bytes) …`. */
function ear(net: TwoNodes, node: string, pid: number): string[] | undefined {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        return undefined; // closed meanwhile
      }
    }),
  );
  return net
    .run(node, 'cat', '/proc/net/netlink')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(
      (fields) => fields[1] === '12' && (Number.parseInt(fields[3] ?? '', 16) & 4) !== 0 && sockets.has(fields.at(-1)),
    );
}

/** Everything that one node's kernel ever counted: what is in its table, and what it told when an entry ended. */
export class KernelFlows {
  readonly #net: TwoNodes;
  readonly #node: string;
  readonly #child: ChildProcess;
  readonly #ended = new Map<string, KernelFlow>();

  private constructor(net: TwoNodes, node: string, child: ChildProcess) {
    this.#net = net;
    this.#node = node;
    this.#child = child;
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const read = readFlow(line);
      if (read) this.#ended.set(read.identity, read.flow);
    });
  }

  /** Listens before anything is sent; resolves when the listener is there. */
  static async of(net: TwoNodes, node: string): Promise<KernelFlows> {
    const flows = new KernelFlows(
      net,
      node,
      net.start(node, ['conntrack', '-E', '-e', 'DESTROY', '-o', 'extended,id']),
    );
    for (let tries = 0; !listens(net, node, flows.#child.pid as number); tries += 1) {
      if (tries > 200) throw new Error(`conntrack -E does not listen in ${node}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return flows;
  }

  /** Entries of the table at this moment. */
  live(): KernelFlow[] {
    return [...this.#table().values()];
  }

  /** All entries there ever were, with their last figures, by the key of their first packet. */
  all(): Map<string, KernelFlow[]> {
    if (this.#child.exitCode !== null) throw new Error(`conntrack -E has ended in ${this.#node}`);
    const flows = new Map([...this.#table(), ...this.#ended]);
    return Map.groupBy(flows.values(), ({ key }) => key);
  }

  #table(): Map<string, KernelFlow> {
    const lines = ['ipv4', 'ipv6'].flatMap((family) =>
      this.#net.run(this.#node, 'conntrack', '-L', '-f', family, '-o', 'extended,id').split('\n'),
    );
    const read = lines.map(readFlow).filter((each) => each !== undefined);
    return new Map(read.map(({ identity, flow }) => [identity, flow]));
  }
}
