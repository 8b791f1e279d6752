import type { KubeClient } from './client.ts';
import { isKubeError } from './error.ts';
import { resources } from './resource.ts';

/** The object that an event is about. Without a namespace it is one of the whole cluster. */
export interface Regarding {
  readonly kind: string;
  /** `v1` when absent. */
  readonly apiVersion?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
}

export interface EventNews {
  readonly type: 'Normal' | 'Warning';
  /** Why, in one word for machines: `FailedToStartServiceHealthcheck`. */
  readonly reason: string;
  /** What was done or tried, in one word: `Listen`. */
  readonly action: string;
  readonly regarding: Regarding;
  /** For people. Cut to what the API takes, 1024 characters. */
  readonly note: string;
}

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'patch'>;
  /** Who tells: `kubecity.dev/agent`. */
  readonly controller: string;
  /** Which one of them: the node's name. */
  readonly instance: string;
  /** An event was not written, or is left out because there are too many. */
  readonly failed: (error: Error) => void;
  /** Unix milliseconds. */
  readonly now?: () => number;
}

interface Series {
  readonly note: string;
  readonly address: { readonly namespace: string; readonly name: string };
  count: number;
  toldAt: number;
}

/** The same thing about the same object is told at most this often; in between it is counted. */
const QUIET_MILLISECONDS = 60_000;
/** The API forgets events after an hour: an older series begins anew. */
const SERIES_MILLISECONDS = 3_000_000;
/** What one agent may write at once, and then per second: thousands of bad objects must not become a flood. */
const BURST = 25;
const PER_SECOND = 1;
const MOST_SERIES = 1000;

/**
 * Writes events (events.k8s.io/v1) where `kubectl describe` finds them. Telling costs the caller nothing: `record`
 * returns at once, requests go out one after the other, and one that fails is told to `failed` and forgotten.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #now: () => number;
  /** By object and reason, the least recently told first. */
  readonly #series = new Map<string, Series>();
  #allowance = BURST;
  #allowanceAt: number;
  #droppedToldAt = Number.NEGATIVE_INFINITY;
  #names = 0;
  #sending: Promise<void> = Promise.resolve();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#allowanceAt = this.#now();
  }

  record(news: EventNews): void {
    const now = this.#now();
    const { kind, namespace = '', name } = news.regarding;
    const key = [kind, namespace, name, news.reason].join('/');
    const known = this.#series.get(key);
    if (known && now - known.toldAt < QUIET_MILLISECONDS) {
      known.count++;
      return;
    }
    if (!this.#allowed(now)) return;
    this.#series.delete(key);
    if (known && known.note === news.note && now - known.toldAt < SERIES_MILLISECONDS) {
      known.count++;
      known.toldAt = now;
      this.#remember(key, known);
      this.#enqueue(() => this.#goOn(key, known, news));
    } else {
      this.#begin(key, news);
    }
  }

  /** Resolves when everything recorded so far is written or given up. */
  flush(): Promise<void> {
    return this.#sending;
  }

  #begin(key: string, news: EventNews): void {
    const toldAt = this.#now();
    const { namespace = 'default', name } = news.regarding;
    // kubectl shows the names: the object's own, and what makes it unique.
    const unique = (toldAt * 1000 + (this.#names++ % 1000)).toString(16);
    const address = { namespace, name: `${name.slice(0, 230)}.${unique}` };
    this.#remember(key, { note: news.note, address, count: 1, toldAt });
    const event = this.#eventOf(news, address, toldAt);
    this.#enqueue(async () => {
      await this.#options.client.create(resources.events, event);
    });
  }

  async #goOn(key: string, { address, count, toldAt }: Series, news: EventNews): Promise<void> {
    const series = { count, lastObservedTime: microTime(toldAt) };
    try {
      await this.#options.client.patch(resources.events, address, { series }, 'merge');
    } catch (error) {
      if (!isKubeError(error, 'not-found')) throw error;
      this.#begin(key, news);
    }
  }

  #eventOf({ type, reason, action, regarding, note }: EventNews, metadata: Series['address'], now: number) {
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata,
      eventTime: microTime(now),
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance.slice(0, 128),
      type,
      reason,
      action,
      regarding: { apiVersion: 'v1', ...regarding },
      note: note.slice(0, 1024),
    };
  }

  #remember(key: string, series: Series): void {
    this.#series.set(key, series);
    const [oldest] = this.#series.keys();
    if (this.#series.size > MOST_SERIES && oldest !== undefined) this.#series.delete(oldest);
  }

  #allowed(now: number): boolean {
    this.#allowance = Math.min(BURST, this.#allowance + ((now - this.#allowanceAt) / 1000) * PER_SECOND);
    this.#allowanceAt = now;
    if (this.#allowance >= 1) {
      this.#allowance--;
      return true;
    }
    if (now - this.#droppedToldAt >= QUIET_MILLISECONDS) {
      this.#droppedToldAt = now;
      this.#options.failed(new Error(`events are left out: more than ${PER_SECOND} per second`));
    }
    return false;
  }

  #enqueue(send: () => Promise<void>): void {
    this.#sending = this.#sending.then(send).catch((error: Error) => this.#options.failed(error));
  }
}

/** The API wants exactly six digits. */
export const microTime = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('Z', '000Z');
