import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as rest } from 'node:timers/promises';
import { peakOf } from '../peak-memory.ts';

/** Where both programs tell their metrics unless told otherwise. */
export const METRICS = '127.0.0.1:10249';
const POLL_MS = 200;
/** Two readings in a row must agree that nothing is queued: an event may be under way from the API server. */
const SETTLE_MS = 400;

interface Reading {
  readonly syncs: number;
  readonly seconds: number;
  /** Unix milliseconds: end of the last sync that succeeded, and when one was last asked for. */
  readonly ended: number;
  readonly queued: number;
  /** Changes that no sync has taken up yet. */
  readonly pending: number;
  readonly rules: number;
}

/** How to start a program that routes this node's Services. */
export interface RouterCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A kube-proxy or an agent of ours in this network namespace, watched through the metrics that both have. */
export class RouterProcess {
  /** `rules`: how many there were after it. */
  readonly syncs: { start: number; end: number; rules: number }[] = [];
  readonly #child: ChildProcess;
  readonly #name: string;
  #last: Reading = { syncs: 0, seconds: 0, ended: 0, queued: 0, pending: 0, rules: 0 };
  #gone: string | undefined;
  readonly #stopping = new AbortController();

  constructor({ file, args, env }: RouterCommand) {
    this.#name = file;
    const log: string[] = [];
    this.#child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (chunk: Buffer) => log.push(chunk.toString('utf8')));
    this.#child.once('error', (error) => {
      this.#gone = error.message;
    });
    this.#child.once('close', (status) => {
      this.#gone = `it ended with ${status}: ${log.join('').trim().split('\n').slice(-5).join('\n')}`;
    });
    void this.#watch();
  }

  /** VmHWM, bytes. */
  peakMemory(): number {
    return peakOf(this.#child.pid as number).bytes;
  }

  stop(): void {
    this.#stopping.abort();
    this.#child.kill('SIGKILL');
  }

  /** @throws Error when the program ends, or needs longer than `timeoutMs` */
  async reached(moment: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let quietSince: number | undefined;
    while (quietSince === undefined || performance.now() - quietSince < SETTLE_MS) {
      await rest(POLL_MS);
      if (this.#gone !== undefined) throw new Error(`${this.#name}: ${this.#gone}`);
      if (performance.now() > deadline) throw new Error(`${this.#name}: not done after ${timeoutMs / 1000} s`);
      const quiet = this.#last.queued >= moment && this.#last.pending === 0 && this.#startedAfter(this.#last.queued);
      if (!quiet) quietSince = undefined;
      else quietSince ??= performance.now();
    }
  }

  /** The duration of a sync covers what it does after it has noted its end, so its start seems a little too early. */
  #startedAfter(queued: number): boolean {
    const sync = this.syncs.at(-1);
    return sync !== undefined && sync.start + 20 + (sync.end - sync.start) / 20 >= queued;
  }

  async #watch(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await rest(POLL_MS);
      // It does not listen yet, or has ended: `reached` says which.
      const response = await fetch(`http://${METRICS}/metrics`).catch(() => undefined);
      if (response?.ok) this.#note(parseMetrics(await response.text()));
    }
  }

  /** The end of a sync is told before its duration, so a reading may fall between them. */
  #note(reading: Reading): void {
    if (reading.syncs > this.#last.syncs && reading.ended > (this.syncs.at(-1)?.end ?? 0)) {
      const each = ((reading.seconds - this.#last.seconds) * 1000) / (reading.syncs - this.#last.syncs);
      this.syncs.push({ start: reading.ended - each, end: reading.ended, rules: reading.rules });
    }
    const { syncs, seconds } = reading.syncs > this.#last.syncs ? reading : this.#last;
    this.#last = { ...reading, syncs, seconds };
  }
}

function parseMetrics(text: string): Reading {
  /** The sum over the labels other than the family, of which only ours counts. */
  const value = (name: string) => {
    const lines = text.matchAll(new RegExp(`^kubeproxy_${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'));
    let sum = 0;
    for (const [, labels = '', number] of lines) if (!labels.includes('"IPv6"')) sum += Number(number);
    return sum;
  };
  return {
    syncs: value('sync_proxy_rules_duration_seconds_count'),
    seconds: value('sync_proxy_rules_duration_seconds_sum'),
    ended: value('sync_proxy_rules_last_timestamp_seconds') * 1000,
    queued: value('sync_proxy_rules_last_queued_timestamp_seconds') * 1000,
    pending: value('sync_proxy_rules_endpoint_changes_pending') + value('sync_proxy_rules_service_changes_pending'),
    rules: value('sync_proxy_rules_iptables_total'),
  };
}
