import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { DirectoryChange } from '@kubecity/conntrack';
import type { EdgeFrame, Interest } from '@kubecity/protocol';
import type { Logger } from 'pino';
import type { CutOrder } from '../draining/cut-order.ts';
import type { CutNews } from '../draining/flow-cutter.ts';
import type { Clock } from '../runner.ts';
import type {
  AccountingAnswer,
  AccountingQuestion,
  AccountingSettings,
  AccountingTotals,
  FromAccounting,
  ToAccounting,
} from './messages.ts';

export interface AccountingOptions {
  readonly settings: Omit<AccountingSettings, 'losses'>;
  /** All that is known of the cluster: what a new process must hear first. */
  readonly directory: () => readonly DirectoryChange[];
  /** Takes a frame; `taken` is to be called when the hub has used it. */
  readonly frame: (frame: EdgeFrame, taken: () => void) => void;
  /** Totals begin again: from now on `epoch` is another. */
  readonly renewed: () => void;
  /** Connections of a draining backend were ended. */
  readonly ended: (news: CutNews) => void;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** The program; tests bring their own. */
  readonly program?: string;
}

/**
 * As little memory as may be: at 100,000 entries it keeps 98 MB resident, half of them Node.js itself, instead of 170. The heap
 * is bounded, so that a leak ends this process and not the node; `gc` is for the chunks of dumps (see `Collector`).
 */
const FLAGS = ['--max-semi-space-size=1', '--heap-growing-percent=10', '--max-old-space-size=512', '--expose-gc'];
/** glibc then gives the buffer of a chunk back as soon as it is free (mallopt(3)). */
const ENVIRONMENT = { MALLOC_MMAP_THRESHOLD_: '65536' };
const RESTART_MS = { first: 1_000, most: 60_000 };
/** A process that does not end by itself when it is told to. */
const KILL_AFTER_MS = 5_000;

interface Asked {
  readonly resolve: (answer: AccountingAnswer) => void;
  readonly timer: { cancel(): void };
}

/**
 * The agent's side of its accounting process: starts it, starts it again when it dies (after 1 s, doubling to one minute),
 * and hands on what it tells. A new process begins at zero, so each has an epoch of its own, and what its predecessor may
 * have missed is told as one lost dump and one lost event.
 */
export class Accounting {
  readonly #options: AccountingOptions;
  #epoch = randomUUID();
  #begun = false;
  #child: ChildProcess | undefined;
  #restart: { cancel(): void } | undefined;
  #wait = RESTART_MS.first;
  #deaths = 0;
  #stopped = false;
  #link = 0;
  #interest: Interest | undefined;
  #orders: readonly CutOrder[] = [];
  #totals: AccountingTotals | undefined;
  #questions = 0;
  readonly #asked = new Map<number, Asked>();

  constructor(options: AccountingOptions) {
    this.#options = options;
  }

  /** Of the totals in frames. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Of the last dump; undefined before the first of this epoch. */
  get totals(): AccountingTotals | undefined {
    return this.#totals;
  }

  /** Processes that died. */
  get deaths(): number {
    return this.#deaths;
  }

  /** To be called when the directory is complete: what an earlier dump saw could not be named. Further calls do nothing. */
  begin(): void {
    if (this.#begun || this.#stopped) return;
    this.#begun = true;
    this.#start();
  }

  /** News for the directory; a process that is not there yet learns of them from `directory`. */
  apply(changes: readonly DirectoryChange[]): void {
    this.#send({ kind: 'directory', changes });
  }

  /** A hub listens from now on and knows nothing yet. */
  listen(interest: Interest): void {
    this.#link += 1;
    this.#interest = interest;
    this.#send({ kind: 'link', link: this.#link, interest });
  }

  unlisten(): void {
    this.#interest = undefined;
    this.#send({ kind: 'unlink' });
  }

  look(interest: Interest): void {
    this.#interest = interest;
    this.#send({ kind: 'interest', interest });
  }

  resync(): void {
    this.#send({ kind: 'resync' });
  }

  /** All orders to end connections of draining backends there are from now on; a new process gets them, too. */
  cut(orders: readonly CutOrder[]): void {
    this.#orders = orders;
    this.#send({ kind: 'cut', orders });
  }

  /** Always resolves: with `refused` when there is nobody to ask, or no answer in time. */
  ask(question: AccountingQuestion, withinMs: number): Promise<AccountingAnswer> {
    if (!this.#child?.connected) return Promise.resolve(failed('connections are not read at the moment'));
    this.#questions += 1;
    const id = this.#questions;
    const { promise, resolve } = Promise.withResolvers<AccountingAnswer>();
    const timer = this.#options.clock.after(withinMs, () => this.#answered(id, failed('no answer in time')));
    this.#asked.set(id, { resolve, timer });
    this.#send({ kind: 'ask', id, question });
    return promise;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#restart?.cancel();
    const child = this.#child;
    if (!child) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    this.#send({ kind: 'stop' });
    const timer = this.#options.clock.after(KILL_AFTER_MS, () => child.kill('SIGKILL'));
    await ended;
    timer.cancel();
  }

  #start(): void {
    const { settings, directory, program } = this.#options;
    const child = fork(program ?? fileURLToPath(new URL('./accounting-process.ts', import.meta.url)), {
      execArgv: FLAGS,
      env: { ...process.env, ...ENVIRONMENT },
      // Its last words are the agent's.
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    child.on('message', (message: FromAccounting) => this.#hear(message));
    // It could not be started, or not be told something; the exit follows, or has been.
    child.on('error', (err) => this.#options.log.warn({ err }, 'trouble with the process that reads connections'));
    child.once('close', (code, signal) => this.#died(child, signal ?? `exit status ${code}`));
    this.#send({ kind: 'directory', changes: directory() });
    const losses = { dumps: this.#deaths, events: this.#deaths };
    this.#send({ kind: 'begin', settings: { ...settings, losses } });
    if (this.#orders.length > 0) this.#send({ kind: 'cut', orders: this.#orders });
    if (this.#interest) this.listen(this.#interest);
  }

  #died(child: ChildProcess, reason: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    for (const id of [...this.#asked.keys()]) this.#answered(id, failed('the process that reads connections ended'));
    if (this.#stopped) return;
    this.#deaths += 1;
    this.#epoch = randomUUID();
    this.#totals = undefined;
    this.#interest = undefined;
    this.#options.log.warn(
      { reason, restartMs: this.#wait },
      'connections are not read: their process died; it is started again',
    );
    this.#restart = this.#options.clock.after(this.#wait, () => this.#start());
    this.#wait = Math.min(this.#wait * 2, RESTART_MS.most);
    this.#options.renewed();
  }

  #hear(message: FromAccounting): void {
    const { frame, ended, log } = this.#options;
    switch (message.kind) {
      case 'frame': {
        const { link } = message;
        // A frame for a connection that is gone would be half a story for the next.
        if (link === this.#link && this.#interest) frame(message.frame, () => this.#send({ kind: 'taken', link }));
        return;
      }
      case 'totals':
        this.#totals = message.totals;
        this.#wait = RESTART_MS.first;
        return;
      case 'answer':
        this.#answered(message.id, message.answer);
        return;
      case 'ended':
        ended(message.news);
        return;
      case 'news':
        log[message.level](message.about, message.message);
    }
  }

  #answered(id: number, answer: AccountingAnswer): void {
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    asked.timer.cancel();
    asked.resolve(answer);
  }

  #send(message: ToAccounting): void {
    if (this.#child?.connected) this.#child.send(message);
  }
}

const failed = (message: string): AccountingAnswer => ({ kind: 'refused', code: 'failed', message });
