import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { listens } from './kernel-flows.ts';
import type { TwoNodes } from './two-nodes.ts';

/** An entry that a program deleted (no timeout, no closing), as its kernel tells it. */
export interface EndedFlow {
  readonly protocol: 'tcp' | 'udp';
  /** Who answered. */
  readonly backend: string;
  /** Unix ms by the kernel, to the nanosecond. */
  readonly at: number;
}

/** Listens to one node's kernel for entries that programs delete, with the kernel's own times. */
export class EndedFlows {
  readonly #child: ChildProcess;
  readonly #all: EndedFlow[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const ended = readEnded(line);
      if (ended) this.#all.push(ended);
    });
  }

  static async of(net: TwoNodes, node: string): Promise<EndedFlows> {
    const command = ['conntrack', '-E', '-e', 'DESTROY', '-o', 'xml,ktimestamp'];
    const ended = new EndedFlows(net.start(node, command));
    for (let tries = 0; !listens(net, node, ended.#child.pid as number); tries += 1) {
      if (tries > 200) throw new Error(`conntrack -E does not listen in ${node}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return ended;
  }

  /** Of entries to that backend, in the order of time. */
  of(backend: string, protocol?: EndedFlow['protocol']): EndedFlow[] {
    if (this.#child.exitCode !== null) throw new Error('conntrack -E has ended');
    return this.#all
      .filter((flow) => flow.backend === backend && (protocol === undefined || flow.protocol === protocol))
      .sort((a, b) => a.at - b.at);
  }
}

function readEnded(line: string): EndedFlow | undefined {
  if (!line.includes('[USERSPACE]')) return undefined;
  const backend = /<meta direction="reply">.*?<src>([^<]+)<\/src>/.exec(line)?.[1];
  const protocol = /protoname="(tcp|udp)"/.exec(line)?.[1];
  const stop = /<stop>(\d+)<\/stop>/.exec(line)?.[1];
  if (backend === undefined || protocol === undefined) return undefined;
  if (stop === undefined) throw new Error(`the kernel tells no time: ${line}`);
  return { protocol: protocol as EndedFlow['protocol'], backend, at: Number(stop) / 1e6 };
}

/** The most within any second. */
export function mostInASecond(times: readonly number[]): number {
  let first = 0;
  return times.reduce((most, at, index) => {
    while (at - (times[first] as number) >= 1000) first += 1;
    return Math.max(most, index - first + 1);
  }, 0);
}
