import { type Directory, EdgeFrames, FlowDecoder, FlowLedger, type FlowRow } from '@kubecity/conntrack';
import type { ConntrackSource, RefusalListener, RefusalWatch } from '@kubecity/netlink';
import type { EdgeFrame } from '@kubecity/protocol';
import type { Logger } from 'pino';

export interface AccountingOptions {
  readonly conntrack: ConntrackSource;
  /** Starts the watch for refused connections, which no dump shows; without it `refused` stays 0. */
  readonly watchRefusals?: (listener: RefusalListener) => RefusalWatch;
  readonly directory: Directory;
  /** Pause between two dumps while they are quick. */
  readonly everyMs: number;
  /** Unix ms. */
  readonly now: () => number;
  /** CPU time of this thread so far, in milliseconds: what a dump costs, whatever else the machine is busy with. */
  readonly cpu: () => number;
  /** Takes a frame; `false` when it could not, upon which the next frame tells everything. */
  readonly emit: (frame: EdgeFrame) => boolean | undefined;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export interface AccountingTotals {
  readonly edges: number;
  readonly flows: number;
  readonly dumps: number;
  /** Dumps that failed or were interrupted. */
  readonly lostDumps: number;
  readonly dumpMilliseconds: number;
  /** Times at which refused connections may have been missed. */
  readonly refusalLosses: number;
  /** Entries of the kernel's table after the last dump, and how many it may hold (0 = no limit). */
  readonly entries: number;
  readonly max: number;
  readonly withoutCounters: number;
  /** IPv6 rows in the last dump: not accounted. */
  readonly ipv6: number;
  /** Rows and messages since the start that could not be read. */
  readonly malformed: number;
}

export interface Accounting {
  /** The receiver lost the thread: tell everything, at once when there is something to tell. */
  resync(): void;
  /** Ends after the dump that is running. */
  stop(): Promise<void>;
  totals(): AccountingTotals;
}

/**
 * A pause lasts at least so many times the CPU time of a dump: dumping stays below 5 % of one core. Wall time would not
 * do: on a busy machine a small dump takes long, and the map would go stale for nothing.
 */
const PAUSE_PER_DUMP = 20;
/** But not longer: the entry of a reset connection lives for 10 s, and one that no dump sees is never counted. */
const LONGEST_PAUSE = 8000;

/** Refusals kept for the next dump at most; more than that in one period are counted as a loss. */
const MAX_REFUSALS = 100_000;

/** Dumps conntrack again and again, keeps the ledger, and emits a frame after each dump. A failing dump ends nothing. */
export function startAccounting(options: AccountingOptions): Accounting {
  const loop = new AccountingLoop(options);
  const ended = loop.run();
  return {
    resync: () => loop.resync(),
    stop: () => {
      loop.stop();
      return ended;
    },
    totals: () => loop.totals(),
  };
}

class AccountingLoop {
  readonly #options: AccountingOptions;
  readonly #ledger: FlowLedger;
  readonly #frames: EdgeFrames;
  readonly #decoder: FlowDecoder;
  readonly #stopping = new AbortController();

  readonly #refusals: RefusalWatch | undefined;
  #refused: FlowRow[] = [];
  #refusalLosses = 0;
  #dumps = 0;
  #lostDumps = 0;
  /** Losses since the last dump that was whole. */
  #streak = 0;
  #lastAt = 0;
  #dumpMilliseconds = 0;
  /** CPU time of the last two dumps. Other work of the thread may fall into one, so the lesser is taken for the cost. */
  #dumpCpu: readonly [number, number] = [0, 0];
  #entries = 0;
  #max = 0;
  #ipv6 = 0;
  /** A dump is under way, and the ledger between two states. */
  #dumping = false;

  constructor(options: AccountingOptions) {
    this.#options = options;
    this.#ledger = new FlowLedger({ directory: options.directory });
    this.#frames = new EdgeFrames(this.#ledger);
    this.#decoder = new FlowDecoder((row) => this.#ledger.add(row));
    this.#refusals = options.watchRefusals?.({
      onRefusal: (row) => {
        if (this.#refused.length < MAX_REFUSALS) this.#refused.push(row);
        else this.#lostRefusals(`more than ${MAX_REFUSALS} between two dumps`);
      },
      onLoss: (reason) => this.#lostRefusals(reason),
    });
  }

  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#dump();
      if (signal.aborted) return;
      this.#emit();
      await pause(this.#pauseMilliseconds(), signal);
    }
  }

  stop(): void {
    this.#stopping.abort();
    this.#refusals?.close();
  }

  resync(): void {
    this.#frames.resync();
    // During a dump, or before the first, the frame after it will do.
    if (!this.#dumping && this.#dumps > 0 && !this.#stopping.signal.aborted) this.#emit();
  }

  totals(): AccountingTotals {
    return {
      edges: this.#ledger.edges.size,
      flows: this.#ledger.flows,
      dumps: this.#dumps,
      lostDumps: this.#lostDumps,
      dumpMilliseconds: this.#dumpMilliseconds,
      refusalLosses: this.#refusalLosses,
      entries: this.#entries,
      max: this.#max,
      withoutCounters: this.#ledger.withoutCounters,
      ipv6: this.#ipv6,
      malformed: this.#decoder.malformed + this.#decoder.foreign,
    };
  }

  async #dump(): Promise<void> {
    const { conntrack, now, cpu } = this.#options;
    const cpuBefore = cpu();
    const ipv6Before = this.#decoder.ipv6;
    this.#lastAt = now();
    this.#dumping = true;
    this.#ledger.begin(this.#lastAt);
    const refused = this.#refused;
    this.#refused = [];
    let complete = false;
    try {
      for (const row of refused) this.#ledger.refuse(row);
      const { interrupted } = await conntrack.dump((bytes) => this.#decoder.read(bytes));
      complete = !interrupted;
      const { entries, max = 0 } = await conntrack.stats();
      this.#entries = entries;
      this.#max = max;
      if (complete) this.#recovered();
      else this.#lost('the kernel interrupted it at every attempt');
    } catch (error) {
      this.#lost(error);
    } finally {
      this.#ledger.end(complete);
      this.#dumping = false;
    }
    this.#dumps += 1;
    this.#ipv6 = this.#decoder.ipv6 - ipv6Before;
    this.#dumpCpu = [this.#dumpCpu[1], cpu() - cpuBefore];
    // The clock may be set back meanwhile.
    this.#dumpMilliseconds = Math.max(0, now() - this.#lastAt);
  }

  #pauseMilliseconds(): number {
    const cost = Math.min(...this.#dumpCpu);
    return Math.max(this.#options.everyMs, Math.min(LONGEST_PAUSE, PAUSE_PER_DUMP * cost));
  }

  #emit(): void {
    const taken = this.#options.emit(
      this.#frames.next(this.#lastAt, {
        entries: this.#entries,
        max: this.#max,
        lostDumps: this.#lostDumps,
        dumpMilliseconds: this.#dumpMilliseconds,
      }),
    );
    if (taken === false) this.#frames.resync();
  }

  /** One line for a whole streak of losses, and one for its end. */
  #lost(reason: unknown): void {
    this.#lostDumps += 1;
    this.#streak += 1;
    if (this.#streak === 1) this.#options.log.warn({ err: reason }, 'a dump of the connections was lost');
  }

  #lostRefusals(reason: string): void {
    this.#refusalLosses += 1;
    if (this.#refusalLosses === 1) this.#options.log.warn({ reason }, 'refused connections may be missing');
  }

  #recovered(): void {
    if (this.#streak > 0) this.#options.log.info({ lostDumps: this.#streak }, 'connections are read again');
    this.#streak = 0;
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end, { once: true });
  });
}
