import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A UDP client that always sends from the same address and port, so that the kernel takes all it sends for one flow. */
export class UdpClient {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** `host` is a namespace of the lab; undefined = the node itself, then with a source address. */
  constructor(host: string | undefined, sourcePort: number, sourceAddress?: string) {
    const script = fileURLToPath(new URL('udp-client.mjs', import.meta.url));
    const command = [process.execPath, script, String(sourcePort), ...(sourceAddress ? [sourceAddress] : [])];
    const [program = '', ...args] = host === undefined ? command : ['ip', 'netns', 'exec', host, ...command];
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const input = this.#child.stdout as NodeJS.ReadableStream;
    this.#lines = createInterface({ input })[Symbol.asyncIterator]();
  }

  /** Who answers one datagram: the server's name, or `none`. */
  async ask(address: string, port: number): Promise<string> {
    this.#child.stdin?.write(`${address} ${port}\n`);
    const { value } = await this.#lines.next();
    return String(value).split(' ')[0] ?? '';
  }

  close(): void {
    this.#child.kill();
  }
}
