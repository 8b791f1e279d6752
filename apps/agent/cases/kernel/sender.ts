import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { end } from '../../testing/child-end.ts';
import { PlayerError } from '../player.ts';

const SCRIPT = fileURLToPath(new URL('sender.pl', import.meta.url));

/** A process that sends first packets, in the node's network namespace or in one of its own. */
export class Sender {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  /** What the ICMP errors that came back were about: `protocol source sport destination dport`. */
  readonly #refused = new Set<string>();
  readonly #waiting = new Map<string, () => void>();
  #fault: string | undefined;
  #fences = 0;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
  }

  /** @param place `own`: a new network namespace, that lives as long as the sender */
  static async start(place: 'node' | 'own'): Promise<Sender> {
    const command = [...(place === 'own' ? ['unshare', '--net'] : []), 'perl', SCRIPT];
    const child = spawn(command[0] as string, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
    const sender = new Sender(child);
    await new Promise<void>((resolve, reject) => {
      child.once('error', (cause) => reject(new PlayerError(`cannot start ${command.join(' ')}`, { cause })));
      child.once('exit', (code) => reject(new PlayerError(`${command.join(' ')} ended with ${code}`)));
      sender.#waiting.set('ready', resolve);
      createInterface({ input: child.stdout }).on('line', (line) => sender.#hear(line));
    });
    return sender;
  }

  /** Process id, by which `ip` and `nsenter` know its namespace. */
  get pid(): number {
    return this.#child.pid as number;
  }

  /** Sends, and resolves when every packet is on its way; throws a PlayerError when one could not be sent. */
  async send(commands: readonly string[]): Promise<void> {
    const done = `done ${++this.#fences}`;
    const answer = new Promise<void>((resolve) => this.#waiting.set(done, resolve));
    this.#child.stdin.write(`${[...commands, done].join('\n')}\n`);
    await answer;
    if (this.#fault !== undefined) throw new PlayerError(`sender: ${this.#fault}`);
  }

  isRefused(key: string): boolean {
    return this.#refused.has(key);
  }

  stop(): Promise<void> {
    return end(this.#child, 'SIGKILL');
  }

  #hear(line: string): void {
    const [word, ...rest] = line.split(' ');
    if (word === 'refused') this.#refused.add(rest.join(' '));
    else if (word === 'fault') this.#fault ??= rest.join(' ');
    this.#waiting.get(line)?.();
    this.#waiting.delete(line);
  }
}
