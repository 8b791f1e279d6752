import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Place, TwoNodes } from './two-nodes.ts';

/** What a client says of one connection that it made. */
export interface MadeConnection {
  readonly protocol: 'tcp' | 'udp';
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly toPort: number;
  /** `ok`, `unanswered`, or the code of an error. */
  readonly outcome: string;
  /** Who answered. */
  readonly server: string;
  /** Bytes of payload. */
  readonly sent: number;
  readonly received: number;
}

export interface OpenOrder {
  readonly protocol?: 'tcp' | 'udp';
  readonly from: string;
  readonly to: readonly [address: string, port: number];
  readonly count: number;
  readonly parallel?: number;
  /** Bytes of the first exchange. */
  readonly up?: number;
  readonly down?: number;
  /** The server keeps its side open when this one is shut. */
  readonly linger?: boolean;
  /** The connections stay open under this name. */
  readonly group?: string;
  readonly end?: 'fin' | 'reset';
  /** Milliseconds until a connection without an answer is given up. */
  readonly patience?: number;
}

interface Exchange {
  readonly group: string;
  readonly up: number;
  readonly down: number;
}

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** Far more than one client of these tests opens. */
const PORTS_PER_CLIENT = 4000;
let clients = 0;

/** A program that opens connections as it is told; see traffic-client.mjs. */
export class TrafficClient {
  readonly child: ChildProcess;
  readonly place: Place;
  readonly #answers: AsyncIterator<string>;
  /** Orders are answered one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(net: TwoNodes, place: Place) {
    this.place = place;
    // No two programs of a test use the same port: a connection is known by it wherever it is seen.
    const firstPort = 1100 + (clients++ % 12) * PORTS_PER_CLIENT;
    this.child = net.start(place.netns, [process.execPath, script('traffic-client.mjs'), String(firstPort)]);
    this.#answers = createInterface({ input: this.child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  open(order: OpenOrder): Promise<MadeConnection[]> {
    return this.#order({ do: 'open', protocol: 'tcp', up: 100, down: 200, ...order });
  }

  say(exchange: Exchange & { readonly times: number }): Promise<MadeConnection[]> {
    return this.#order({ do: 'say', ...exchange });
  }

  chat(exchange: Exchange & { readonly everyMs: number }): Promise<MadeConnection[]> {
    return this.#order({ do: 'chat', ...exchange });
  }

  quiet(group: string): Promise<MadeConnection[]> {
    return this.#order({ do: 'quiet', group });
  }

  shut(group: string): Promise<MadeConnection[]> {
    return this.#order({ do: 'shut', group });
  }

  close(group: string, end: 'fin' | 'reset' = 'fin'): Promise<MadeConnection[]> {
    return this.#order({ do: 'close', group, end });
  }

  #order(order: object): Promise<MadeConnection[]> {
    const answer = this.#last.then(async () => {
      this.child.stdin?.write(`${JSON.stringify(order)}\n`);
      const { value, done } = await this.#answers.next();
      if (done) throw new Error(`the client in ${this.place.netns} has ended`);
      return JSON.parse(value) as MadeConnection[];
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }
}

/** A server that answers with its name, in both families, over TCP and UDP; resolves when it listens. */
export async function serve(net: TwoNodes, place: Place, ports: readonly number[]): Promise<ChildProcess> {
  const command = [process.execPath, script('traffic-server.mjs'), place.netns, ...ports.map(String)];
  const child = net.start(place.netns, command);
  await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
  return child;
}
