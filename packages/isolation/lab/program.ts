import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('pod.mjs', import.meta.url));

export interface Try {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number;
  /** Leave the connection open under this name; TCP only. */
  readonly keep?: string;
  /** How long nothing may be heard until it is called silence, milliseconds; TCP only. */
  readonly patience?: number;
}

/** The program of one namespace, which answers and tries. */
export class Program {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting = new Map<number, (word: string) => void>();
  #id = 0;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
  }

  static async start(namespace: string): Promise<Program> {
    const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, SCRIPT], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const program = new Program(child);
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the program in ${namespace} ended with ${code}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line === 'ready') resolve();
        else program.#hear(JSON.parse(line) as { id: number; word: string });
      });
    });
    return program;
  }

  /** `through`, `refused`, or what else became of it. */
  attempt(what: Try): Promise<string> {
    return this.#ask(what);
  }

  /** Says something on a connection that was kept; `through` when it is answered. */
  say(on: string): Promise<string> {
    return this.#ask({ on });
  }

  #ask(what: object): Promise<string> {
    const id = ++this.#id;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin.write(`${JSON.stringify({ id, ...what })}\n`);
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.stdin.end();
    });
  }

  #hear({ id, word }: { id: number; word: string }): void {
    this.#waiting.get(id)?.(word);
    this.#waiting.delete(id);
  }
}
