import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface Target {
  readonly name: string;
  readonly protocol?: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** Between the calls of one worker. */
  readonly pauseMs?: number;
}

/** A client that never stops calling. */
export class Caller {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #place: readonly string[];

  /** `host` is a namespace of the lab; undefined = the node itself. */
  constructor(host: string | undefined, targets: readonly Target[]) {
    const script = fileURLToPath(new URL('caller.mjs', import.meta.url));
    const list = JSON.stringify(targets.map((target) => ({ pauseMs: 2, ...target })));
    this.#place = host === undefined ? [] : ['ip', 'netns', 'exec', host];
    const [program = '', ...args] = [...this.#place, process.execPath, script, list];
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** What became of the calls that have ended since the last time: `target answer` → count. */
  async tally(): Promise<Record<string, number>> {
    return JSON.parse(await this.#say('tally'));
  }

  /** Resolves when the calls have ended that are under way. */
  async turn(): Promise<void> {
    await this.#say('turn');
  }

  /**
   * Handshakes of this namespace that had to be begun again since it exists: a first packet that was dropped and came
   * through a second later counts here, while its call succeeds.
   */
  repeatedHandshakes(): number {
    const [program = '', ...args] = [...this.#place, 'cat', '/proc/net/netstat'];
    const [names = [], values = []] = execFileSync(program, args, { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.startsWith('TcpExt:'))
      .map((line) => line.split(' '));
    return Number(values[names.indexOf('TCPSynRetrans')]);
  }

  close(): void {
    this.#child.kill();
  }

  async #say(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    return String((await this.#lines.next()).value);
  }
}
