import { Worker } from 'node:worker_threads';
import type { AuditEntry, MapAnswer, MapQuestion } from '@kubecity/protocol';
import type { Logger } from 'pino';
import type { HubMetrics } from '../metrics.ts';
import type { HistoryStep } from './step.ts';

export interface HistorySettings {
  /** Absent: in memory only. */
  readonly file?: string;
  /** The most that is kept, on disk or in memory. */
  readonly megabytes: number;
}

const DEFAULT_MEGABYTES = { file: 512, memory: 64 };

/** Memory is dearer than disk. */
export function historySettings({
  history,
  historyMegabytes,
}: {
  history?: string;
  historyMegabytes?: number;
}): HistorySettings {
  const most = history === undefined ? DEFAULT_MEGABYTES.memory : DEFAULT_MEGABYTES.file;
  return { file: history, megabytes: historyMegabytes ?? most };
}

export type HistoryQuestion = Extract<MapQuestion, { kind: 'history' | 'moment' | 'seen' | 'audit' }>;
/** One change of the audit trail. */
type EntryQuestion = { readonly kind: 'entry'; readonly id: string };
type EntryAnswer = { readonly kind: 'entry'; readonly entry: AuditEntry | undefined };
export type PastAnswer = MapAnswer | EntryAnswer;

/** What came of a change, in words. */
export interface AuditOutcome {
  readonly id: string;
  /** Unix ms. */
  readonly at: number;
  readonly text: string;
}

/** To and from the history's thread. */
export type ToHistory =
  | { readonly kind: 'step'; readonly step: HistoryStep }
  | { readonly kind: 'note'; readonly entry?: AuditEntry; readonly outcome?: AuditOutcome }
  | { readonly kind: 'ask'; readonly id: number; readonly question: HistoryQuestion | EntryQuestion }
  | { readonly kind: 'close' };
export type FromHistory =
  | { readonly kind: 'ready' }
  | { readonly kind: 'kept'; readonly bytes: number }
  /** A step could not be written; names are to be defined anew. */
  | { readonly kind: 'lost'; readonly message: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: PastAnswer }
  | { readonly kind: 'trouble'; readonly message: string };

export interface HistoryOptions extends HistorySettings {
  readonly log: Logger;
  readonly metrics: HubMetrics;
}

/** A step leaves a megabyte of garbage: a small nursery is enough. The large is what a question about a week unpacks. */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 };
/** Steps under way to the thread; more are lost rather than piled up. */
const MOST_STEPS_OPEN = 5;
const MOST_QUESTIONS_OPEN = 8;
/** A disk that stays full is told of once in so long. */
const COMPLAIN_EVERY_MILLISECONDS = 60_000;

/** The hub's end of the history. Should its thread die, the city goes on without a past, and says so. */
export class History {
  readonly #worker: Worker;
  readonly #log: Logger;
  readonly #metrics: HubMetrics;
  readonly #answers = new Map<number, (answer: PastAnswer) => void>();
  #lastQuestion = 0;
  #stepsOpen = 0;
  #complainedAt = 0;
  #gone: string | undefined;
  /** Steps were lost: the thread knows no names any more. */
  #forgotNames = false;

  constructor({ log, metrics, file, megabytes }: HistoryOptions) {
    this.#log = log;
    this.#metrics = metrics;
    const settings: HistorySettings = { file, megabytes };
    this.#worker = new Worker(new URL('./history-worker.ts', import.meta.url), {
      workerData: settings,
      resourceLimits: WORKER_LIMITS,
    });
    this.#worker.on('message', (message: FromHistory) => this.#hear(message));
    this.#worker.on('error', (error) => this.#end(error.message));
    this.#worker.on('exit', (code) => this.#end(`its thread ended (${code})`));
  }

  /** Whether a step would be taken now. */
  get hasRoom(): boolean {
    return this.#gone === undefined && this.#stepsOpen < MOST_STEPS_OPEN;
  }

  /** True once after names were lost: the next step must define all that it uses. */
  takeForgotNames(): boolean {
    const forgot = this.#forgotNames;
    this.#forgotNames = false;
    return forgot;
  }

  /** A step that finds no room is lost, and counted. */
  add(step: HistoryStep): void {
    this.#stepsOpen += 1;
    const { buffer: rows } = step.rows;
    this.#post({ kind: 'step', step }, [rows as ArrayBuffer, step.portSums.buffer as ArrayBuffer]);
  }

  /** One line of the audit trail, kept as soon as the thread comes to it. */
  note(line: { readonly entry?: AuditEntry; readonly outcome?: AuditOutcome }): void {
    if (this.#gone === undefined) this.#post({ kind: 'note', ...line }, []);
  }

  /** Never rejects. */
  async ask(question: HistoryQuestion): Promise<MapAnswer> {
    const answer = await this.#ask(question);
    if (answer.kind === 'entry') throw new Error('the thread answered another question');
    return answer;
  }

  /** A change by its id; undefined when it is not known, or not any more. Never rejects. */
  async entry(id: string): Promise<AuditEntry | undefined> {
    const answer = await this.#ask({ kind: 'entry', id });
    return answer.kind === 'entry' ? answer.entry : undefined;
  }

  #ask(question: HistoryQuestion | EntryQuestion): Promise<PastAnswer> {
    if (this.#gone !== undefined) return Promise.resolve(this.#refusal());
    if (this.#answers.size >= MOST_QUESTIONS_OPEN) {
      return Promise.resolve({
        kind: 'refused',
        code: 'rate-limited',
        message: 'The past is being read. Try again soon.',
      });
    }
    this.#lastQuestion += 1;
    const id = this.#lastQuestion;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#post({ kind: 'ask', id, question }, []);
    });
  }

  /** Writes what is gathered. */
  async close(): Promise<void> {
    if (this.#gone !== undefined) return;
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#gone = 'the hub is closing';
    this.#post({ kind: 'close' }, []);
    await ended;
  }

  #post(message: ToHistory, transfer: ArrayBuffer[]): void {
    this.#worker.postMessage(message, transfer);
  }

  #hear(message: FromHistory): void {
    if (message.kind === 'answer') {
      this.#answers.get(message.id)?.(message.answer);
      this.#answers.delete(message.id);
    } else if (message.kind === 'kept') {
      this.#stepsOpen -= 1;
      this.#metrics.historyBytes.set(message.bytes);
    } else if (message.kind === 'lost') {
      this.#stepsOpen -= 1;
      this.#forgotNames = true;
      this.lost(message.message);
    } else if (message.kind === 'trouble') this.#log.error({ reason: message.message }, 'history');
  }

  /** A step is missing in the past. */
  lost(reason: string): void {
    this.#metrics.historyLost.inc();
    if (Date.now() - this.#complainedAt < COMPLAIN_EVERY_MILLISECONDS) return;
    this.#complainedAt = Date.now();
    this.#log.error({ reason }, 'a step of the history is lost');
  }

  #end(reason: string): void {
    if (this.#gone === undefined) this.#log.error({ reason }, 'the history has ended; the city goes on without');
    this.#gone ??= reason;
    for (const answer of this.#answers.values()) answer(this.#refusal());
    this.#answers.clear();
  }

  #refusal(): MapAnswer {
    return { kind: 'refused', code: 'not-found', message: `There is no history: ${this.#gone}.` };
  }
}
