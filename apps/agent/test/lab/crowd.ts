import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

interface Opening {
  readonly protocol?: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly count: number;
}

/** A program in a namespace of the lab that keeps many connections open; see crowd.mjs. */
export class Crowd {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(host: string) {
    const script = fileURLToPath(new URL('crowd.mjs', import.meta.url));
    this.#child = spawn('ip', ['netns', 'exec', host, process.execPath, script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const input = this.#child.stdout as NodeJS.ReadableStream;
    this.#lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  open(group: string, { protocol = 'tcp', ...rest }: Opening): Promise<string[]> {
    return this.#say({ do: 'open', group, protocol, ...rest });
  }

  /** Who answers on each connection now, in the order of opening. */
  ask(group: string): Promise<string[]> {
    return this.#say({ do: 'ask', group });
  }

  chat(group: string, everyMs: number): Promise<string[]> {
    return this.#say({ do: 'chat', group, everyMs });
  }

  quiet(group: string): Promise<string[]> {
    return this.#say({ do: 'quiet', group });
  }

  closeGroup(group: string): Promise<string[]> {
    return this.#say({ do: 'close', group });
  }

  close(): void {
    this.#child.kill();
  }

  async #say(order: object): Promise<string[]> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    return JSON.parse(String((await this.#lines.next()).value)) as string[];
  }
}
