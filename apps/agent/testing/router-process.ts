import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as rest } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Family } from '@kubecity/routing';
import { end, hasEnded } from './child-end.ts';
import { type RouterFigures, readFigures } from './router-figures.ts';

/** Figures must not move for so long: a change may be under way from the API server. */
const QUIET_MS = 400;

/** How to start a program that routes this node's Services. */
export interface RouterCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface RouterWatch {
  /** `host:port` of its metrics. */
  readonly metrics: string;
  readonly everyMs: number;
  /** A family whose figures do not count. */
  readonly without?: Family;
  /** Hears every reading. */
  readonly heard?: (figures: RouterFigures) => void;
}

interface Reading {
  readonly figures: RouterFigures;
  readonly at: number;
}

/** A kube-proxy or an agent of ours in this network namespace, watched through the metrics that both have. */
export class RouterProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #watch: RouterWatch;
  readonly #log: string[] = [];
  readonly #stopping = new AbortController();
  /** None while it does not answer. */
  #reading: Reading | undefined;

  constructor({ file, args, env }: RouterCommand, watch: RouterWatch) {
    this.#name = file;
    this.#watch = watch;
    this.#child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#log.push(chunk.toString('utf8')));
    this.#child.once('error', ({ message }) => this.#log.push(message));
    void this.#listen();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Until `isDone` holds of figures that no longer move.
   * @throws Error when the program ends, or needs longer than `timeoutMs`; what `isDone` throws
   */
  async reached(isDone: (figures: RouterFigures) => boolean, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let first: Reading | undefined;
    for (;;) {
      await rest(this.#watch.everyMs);
      if (hasEnded(this.#child)) throw new Error(`${this.#name} has ended: ${this.lastWords()}`);
      if (performance.now() > deadline) {
        throw new Error(`${this.#name}: not done after ${timeoutMs / 1000} s: ${this.lastWords()}`);
      }
      const last = this.#reading;
      if (!last || !isDone(last.figures)) first = undefined;
      else if (!first || !isDeepStrictEqual(first.figures, last.figures)) first = last;
      else if (last.at - first.at >= QUIET_MS) return;
    }
  }

  /** The last faults that it told. */
  lastWords(): string {
    const lines = this.#log.join('').split('\n');
    const faults = lines.filter((line) => line.trim() !== '' && !/^I\d{4} |^ >$|^\tTry /.test(line));
    return (
      faults
        .map((line) => line.trim())
        .slice(-3)
        .join(' ') || 'it said nothing'
    );
  }

  /** With SIGTERM, as the kubelet does. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#stopping.abort();
    return end(this.#child, signal);
  }

  async #listen(): Promise<void> {
    const { metrics, everyMs, without, heard } = this.#watch;
    while (!this.#stopping.signal.aborted) {
      const text = await fetch(`http://${metrics}/metrics`)
        .then((response) => (response.ok ? response.text() : undefined))
        // It does not listen yet, or has ended: `reached` says which.
        .catch(() => undefined);
      const figures = text === undefined ? undefined : readFigures(text, without);
      this.#reading = figures && { figures, at: performance.now() };
      if (figures) heard?.(figures);
      await rest(everyMs);
    }
  }
}
