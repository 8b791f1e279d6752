import {
  type Directory,
  type DirectoryChange,
  EdgeFrames,
  FlowDecoder,
  FlowLedger,
  type FlowRow,
  flowMatches,
  STATUS,
} from '@kubecity/conntrack';
import type { ConntrackSource, RefusalListener, RefusalWatch } from '@kubecity/netlink';
import type { EdgeFrame, Interest } from '@kubecity/protocol';
import type { CutOrder } from '../draining/cut-order.ts';
import { FlowCutter } from '../draining/flow-cutter.ts';
import { Alarm } from './alarm.ts';
import { endFlows } from './flow-ending.ts';
import { FrameOutlet } from './frame-outlet.ts';
import type {
  AccountingAnswer,
  AccountingNews,
  AccountingQuestion,
  AccountingSettings,
  FromAccounting,
} from './messages.ts';
import type { TableQuestion } from './open-connections.ts';
import { pause } from './pause.ts';
import { DumpCost, periodFor, WARNING_PERIOD_MS } from './period.ts';
import { RefusalInbox } from './refusal-inbox.ts';
import { ServiceTotals } from './service-totals.ts';
import { TableHealth } from './table-health.ts';

export interface CollectorOptions {
  readonly settings: AccountingSettings;
  readonly directory: Directory;
  readonly conntrack: ConntrackSource;
  /** Starts the watch for refused connections, which no dump shows; without it `refused` stays 0. */
  readonly watchRefusals?: (listener: RefusalListener) => RefusalWatch;
  /** Unix ms. */
  readonly now: () => number;
  /** Milliseconds of a clock that does not go back. */
  readonly ticks: () => number;
  /** CPU time of this process so far, in milliseconds: what a dump costs, whatever else the machine is busy with. */
  readonly cpu: () => number;
  readonly residentBytes: () => number;
  /** Frees the chunks of a dump that are done with. */
  readonly sweep: () => void;
  readonly tell: (message: FromAccounting) => void;
}

/**
 * The addon of npm `netlink` gives each chunk 64 KiB of its own, outside the heap, and V8 lets 64 MB of that pile up before it
 * collects. Swept so often, they stay below 4 MB, and the sweeps cost 1 % of the dump.
 */
const CHUNKS_PER_SWEEP = 64;
/** Ending flows answers in time for whoever asked (`ASK_TIMEOUT_MS`), with a dump after it; what is not done by then is `left`. */
const END_WITHIN_MS = 15_000;

/** Translated ones: what is asked of the kernel when connections past every Service are not accounted. */
const TRANSLATED = { status: { value: STATUS.destinationNat, mask: STATUS.destinationNat } };

/**
 * Dumps conntrack again and again, keeps the ledger, and tells a frame after each dump to the hub that listens. A failing
 * dump ends nothing. The time from one dump to the next follows what a dump costs.
 */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #ledger: FlowLedger;
  readonly #frames: EdgeFrames;
  readonly #services: ServiceTotals;
  readonly #decoder: FlowDecoder;
  readonly #health: TableHealth;
  readonly #slow = new Alarm({ above: WARNING_PERIOD_MS, below: WARNING_PERIOD_MS * 0.9 });
  readonly #cost: DumpCost;
  readonly #stopping = new AbortController();
  readonly #refusals: RefusalInbox;
  readonly #cutter: FlowCutter;
  /** To the hub. */
  readonly outlet: FrameOutlet;
  /** A dump is under way, and the ledger between two states. */
  #dumping: Promise<void> | undefined;
  /** Ends the pause between two dumps. */
  #wake = new AbortController();
  /** Of the dump that comes next, or is under way. */
  #dumped = Promise.withResolvers<void>();
  #ending = false;
  #dumps = 0;
  #chunks = 0;
  #at = 0;
  #lostDumps: number;
  /** Losses since the last dump that was whole. */
  #streak = 0;
  #dumpMilliseconds = 0;
  #period: number;

  constructor(options: CollectorOptions) {
    const { settings, directory } = options;
    this.#options = options;
    this.#ledger = new FlowLedger({ directory });
    this.#frames = new EdgeFrames(this.#ledger);
    this.#services = new ServiceTotals(this.#ledger.edges);
    this.#health = new TableHealth(options.tell);
    this.#cost = new DumpCost(options.cpu);
    this.#period = settings.everyMs;
    this.#lostDumps = settings.losses.dumps;
    // Kernels before 5.15 do not know the filter.
    const counts = (row: FlowRow) => settings.direct || flowMatches(row, TRANSLATED);
    this.#decoder = new FlowDecoder((row) => {
      if (counts(row)) this.#ledger.add(row);
    });
    this.#refusals = new RefusalInbox({
      watch: options.watchRefusals,
      counts,
      losses: settings.losses.events,
      missing: (reason) => this.#news('warn', 'refused connections may be missing', { reason }),
    });
    this.#cutter = new FlowCutter({
      conntrack: options.conntrack,
      openFlows: (wanted) => this.#ledger.openFlows(wanted),
      now: options.ticks,
      tell: (news) => options.tell({ kind: 'ended', news }),
      failed: ({ message }, uid) =>
        this.#news('warn', 'connections of a draining backend cannot be ended', { override: uid, reason: message }),
    });
    this.outlet = new FrameOutlet({
      next: (interest) => this.#frame(interest),
      beginAgain: () => this.#frames.resync(),
      tell: options.tell,
    });
  }

  /** Resolves after `stop`. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const began = this.#options.now();
      this.#cost.begin();
      this.#dumping = this.#dump();
      await this.#dumping;
      this.#dumping = undefined;
      if (signal.aborted) return;
      this.#cost.end();
      this.#stretch();
      this.outlet.news();
      this.#tellTotals();
      this.#cutter.look();
      // The clock may be set back meanwhile.
      const passed = Math.max(0, this.#options.now() - began);
      await pause(this.#period - passed, this.#wake.signal);
    }
  }

  stop(): void {
    this.#stopping.abort();
    this.#wake.abort();
    this.#refusals.close();
    this.#cutter.stop();
  }

  /** All orders to end connections there are from now on. */
  order(orders: readonly CutOrder[]): void {
    this.#cutter.set(orders);
    // Else the end of the dump does, or the first one.
    if (!this.#dumping && this.#dumps > 0) this.#cutter.look();
  }

  apply(changes: readonly DirectoryChange[]): void {
    const problems = this.#options.directory.apply(changes, this.#options.now());
    for (const problem of problems) this.#news('warn', 'an object has an address that cannot be read', { problem });
  }

  async answer(question: Exclude<AccountingQuestion, TableQuestion>): Promise<AccountingAnswer> {
    await this.#dumping;
    switch (question.kind) {
      case 'servicePorts':
        return { kind: 'servicePorts', servicePorts: this.#services.read() };
      case 'flows':
        return { kind: 'flows', at: this.#at, ...this.#ledger.details(question) };
      case 'endFlows':
        return this.#end(question);
    }
  }

  async #end(question: Extract<AccountingQuestion, { kind: 'endFlows' }>): Promise<AccountingAnswer> {
    const { conntrack, ticks: now } = this.#options;
    const { perSecond, servicePort, backend, classes } = question;
    if (this.#ending) {
      return { kind: 'refused', code: 'busy', message: 'this node is ending flows already; one order at a time' };
    }
    this.#ending = true;
    try {
      const which = { servicePort, backend, classes };
      const identities = this.#ledger.identities(which);
      const { signal } = this.#stopping;
      const deleted = await endFlows({ conntrack, identities, perSecond, withinMs: END_WITHIN_MS, now, signal });
      if (identities.length > 0) await this.#dumpAnew();
      return {
        kind: 'endFlows',
        at: this.#at,
        matched: identities.length,
        deleted,
        left: this.#ledger.identities(which).length,
      };
    } finally {
      this.#ending = false;
    }
  }

  /** Resolves when a dump that began after this call is over. */
  async #dumpAnew(): Promise<void> {
    await this.#dumping;
    this.#wake.abort();
    await this.#dumped.promise;
  }

  async #dump(): Promise<void> {
    const { conntrack, now, settings } = this.#options;
    this.#at = now();
    this.#ledger.begin(this.#at);
    let complete = false;
    try {
      for (const row of this.#refusals.take()) this.#ledger.refuse(row);
      const filter = settings.direct ? {} : TRANSLATED;
      const { interrupted } = await conntrack.dump((bytes) => this.#read(bytes), filter);
      complete = !interrupted;
      this.#health.update(await conntrack.stats());
      if (complete) this.#recovered();
      else this.#lost('the kernel interrupted it at every attempt');
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#lost(error instanceof Error ? error.message : String(error));
    } finally {
      this.#ledger.end(complete);
      this.#services.follow();
    }
    this.#dumps += 1;
    this.#dumpMilliseconds = Math.max(0, now() - this.#at);
    this.#dumped.resolve();
    this.#dumped = Promise.withResolvers();
  }

  #read(bytes: Uint8Array): void {
    this.#decoder.read(bytes);
    this.#chunks += 1;
    if (this.#chunks % CHUNKS_PER_SWEEP === 0) this.#options.sweep();
  }

  #stretch(): void {
    const { settings } = this.#options;
    const cost = this.#cost.milliseconds;
    this.#period = periodFor(cost, this.#health.figures.entries, settings);
    const turn = this.#slow.update(this.#period);
    if (turn === undefined) return;
    const about = { periodMs: this.#period, cpuMs: Math.round(cost), cpuPercent: settings.cpuPercent };
    if (turn === 'over') this.#news('info', 'connections are read often enough again', about);
    else
      this.#news('warn', 'connections are read seldom to stay within the CPU budget: short ones may be missed', about);
  }

  /** None between two states of the ledger: the end of the dump asks again. */
  #frame(interest: Interest): EdgeFrame | undefined {
    if (this.#dumping || this.#dumps === 0) return undefined;
    return this.#frames.next(this.#at, this.#kernelFigures(), interest);
  }

  #kernelFigures() {
    return {
      ...this.#health.figures,
      lostDumps: this.#lostDumps,
      lostEvents: this.#refusals.losses,
      dumpMilliseconds: this.#dumpMilliseconds,
      periodMilliseconds: this.#period,
    };
  }

  #tellTotals(): void {
    const { tell, residentBytes, cpu } = this.#options;
    tell({
      kind: 'totals',
      totals: {
        at: this.#at,
        dumps: this.#dumps,
        edges: this.#ledger.edges.size,
        flows: this.#ledger.flows,
        table: { ...this.#kernelFigures(), ...this.#ledger.figures },
        malformed: this.#decoder.malformed + this.#decoder.foreign,
        residentBytes: residentBytes(),
        cpuMilliseconds: cpu(),
      },
    });
  }

  /** One line for a whole streak of losses, and one for its end. */
  #lost(reason: string): void {
    this.#lostDumps += 1;
    this.#streak += 1;
    if (this.#streak === 1) this.#news('warn', 'a dump of the connections was lost', { reason });
  }

  #recovered(): void {
    if (this.#streak > 0) this.#news('info', 'connections are read again', { lostDumps: this.#streak });
    this.#streak = 0;
  }

  #news(level: AccountingNews['level'], message: string, about: AccountingNews['about']): void {
    this.#options.tell({ kind: 'news', level, message, about });
  }
}
