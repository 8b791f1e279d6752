import { type ChildProcess, spawn } from 'node:child_process';
import { LogFile } from './log-file.ts';

export interface KeptProcessOptions {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logPath: string;
  readonly cwd?: string;
  /** Out of the terminal's process group, and with a stdin that closes when we end: for a process beside the machine. */
  readonly apart?: boolean;
  /** Each time the process is started; no pid when it could not be. */
  started?(pid: number | undefined): void;
  message?(message: unknown): void;
  /** Each time it ended by itself; it is started again after `pauseMilliseconds`. */
  ended?(how: { code: number | null; signal: NodeJS.Signals | null; pauseMilliseconds: number }): void;
}

const BACKOFF = { first: 1000, most: 30_000 };
/** Who ran that long is well again: the next pause is the first. */
const WELL_AFTER_MILLISECONDS = 60_000;

/** A process that is started again whenever it ends, with growing pauses, until it is stopped. */
export class KeptProcess {
  readonly #options: KeptProcessOptions;
  readonly #log: LogFile;
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopping = false;

  constructor(options: KeptProcessOptions) {
    this.#options = options;
    this.#log = new LogFile(options.logPath);
    this.#start();
  }

  send(message: object): void {
    // an ended process gets the state of things when it is started again
    if (this.#child?.connected) this.#child.send(message, () => {});
  }

  /** SIGTERM, and SIGKILL when it is still there after `graceMilliseconds`; resolves when it has ended. */
  async stop(graceMilliseconds: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child !== undefined) {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), graceMilliseconds);
      await ended;
      clearTimeout(kill);
    }
    this.#log.close();
  }

  #start(): void {
    const { command, env, cwd, apart = false, started, message } = this.#options;
    const [file = '', ...args] = command;
    const startedAt = performance.now();
    const child = spawn(file, args, {
      env,
      ...(cwd !== undefined && { cwd }),
      detached: apart,
      stdio: [apart ? 'pipe' : 'ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    // it closes its stdin by ending, which 'close' tells
    child.stdin?.on('error', () => {});
    child.stdout?.on('data', (chunk: Buffer) => this.#log.write(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#log.write(chunk));
    child.on('message', (text) => message?.(text));
    child.on('error', (error) => this.#log.write(`${error.message}\n`));
    child.once('close', (code, signal) => {
      this.#child = undefined;
      if (!this.#stopping) this.#ended(code, signal, performance.now() - startedAt);
    });
    started?.(child.pid);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null, ranMilliseconds: number): void {
    this.#failures = ranMilliseconds > WELL_AFTER_MILLISECONDS ? 1 : this.#failures + 1;
    const pauseMilliseconds = Math.min(BACKOFF.most, BACKOFF.first * 2 ** (this.#failures - 1));
    this.#log.write(`-- ended (${signal ?? `exit ${code}`}), started again in ${pauseMilliseconds / 1000} s\n`);
    this.#restart = setTimeout(() => this.#start(), pauseMilliseconds);
    this.#options.ended?.({ code, signal, pauseMilliseconds });
  }
}
