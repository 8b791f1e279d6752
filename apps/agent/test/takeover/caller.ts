import { type ChildProcessByStdio, spawn } from 'node:child_process';
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
  /** What asks there is refused on the way. */
  readonly refused?: boolean;
}

/** Where a TCP server answers. */
export const doorsOf = (targets: readonly Target[]): readonly Target[] =>
  targets.filter(({ protocol, refused }) => protocol !== 'udp' && !refused);

/** A client that calls all the time. */
export class Caller {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  /** `host` is a namespace of the lab; undefined = the node itself. */
  constructor(host: string | undefined, targets: readonly Target[]) {
    const script = fileURLToPath(new URL('caller.mjs', import.meta.url));
    const list = JSON.stringify(targets.map((target) => ({ pauseMs: 2, ...target })));
    const place = host === undefined ? [] : ['ip', 'netns', 'exec', host];
    const [program = '', ...args] = [...place, process.execPath, script, list];
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

  /** The same, and none begins until `resume`. */
  async pause(): Promise<void> {
    await this.#say('pause');
  }

  async resume(): Promise<void> {
    await this.#say('resume');
  }

  close(): void {
    this.#child.kill();
  }

  async #say(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    return String((await this.#lines.next()).value);
  }
}
