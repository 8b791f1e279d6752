import type { ProgramWatch, RouteNewsListener } from '@kubecity/netlink';
import type { KubeNode } from '@kubecity/routing';
import type { Logger } from 'pino';
import { BoundedRunner, type Clock } from '../runner.ts';
import { concerns } from './concern.ts';
import { concernsOf } from './concerns-of.ts';
import { KnownNodes } from './known-nodes.ts';
import { Pace } from './pace.ts';
import type { RouteSync } from './route-sync.ts';
import type { Turn } from './turn.ts';

export interface RouteLoopOptions {
  /** Name of this node. */
  readonly self: string;
  /** Absent: there are no tunnels. */
  readonly vxlanId?: number;
  readonly sync: Pick<RouteSync, 'compare' | 'forget'>;
  readonly watchNews: (listener: RouteNewsListener) => ProgramWatch;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn' | 'debug'>;
  /** After each compare; what it does besides is part of it. */
  readonly compared: (turn: Turn) => Promise<void>;
  /** Why nothing is to be written now; undefined = it is. */
  readonly holding: () => string | undefined;
  /** Nothing was written, and why. */
  readonly held: (why: string) => void;
  readonly failed: (error: Error) => void;
}

/** How often the kernel is read without a reason. */
const FULL_MS = 30_000;
const RETRY_MS = { first: 500, most: FULL_MS };

/**
 * When routes are compared: at once when a node or the network changed, and every 30 s. What the network changed is found by
 * reading the kernel anew; a change of nodes alone needs no reading.
 */
export class RouteLoop {
  readonly #options: RouteLoopOptions;
  readonly #nodes: KnownNodes;
  readonly #pace = new Pace();
  readonly #runner: BoundedRunner;
  #news: ProgramWatch | undefined;
  #latest: Turn | undefined;
  #nodesChanged = true;
  /** The last compare was asked for by nodes. */
  #isNodesTurn = false;
  #kernelChanged = true;
  #readAt = 0;
  #pause = 0;

  constructor(options: RouteLoopOptions) {
    this.#options = options;
    this.#nodes = new KnownNodes(options.self, options.vxlanId);
    const { clock, log, failed } = options;
    this.#runner = new BoundedRunner({
      run: () => this.#run(),
      minMs: () => this.#pause,
      maxMs: FULL_MS,
      retryMs: (failures) => Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** (failures - 1)),
      onError: (error, failures) => {
        this.#kernelChanged = true;
        // What nodes asked for and did not come about is still owed to them.
        this.#nodesChanged ||= this.#isNodesTurn;
        if (failures === 1) log.warn({ err: error }, 'routes are not as they should be; trying again');
        failed(error instanceof Error ? error : new Error(String(error)));
      },
      clock,
    });
  }

  setNode(node: KubeNode): void {
    if (this.#nodes.set(node)) this.#nodesNews();
  }

  deleteNode(name: string): void {
    if (this.#nodes.delete(name)) this.#nodesNews();
  }

  /** To be called when all nodes are known: only then is a route of ours one too many. Again: compares now. */
  begin(): void {
    this.#news ??= this.#options.watchNews({
      onLine: (line) => {
        if (this.#latest && concerns(line, concernsOf(this.#latest))) this.#kernelNews(line);
      },
      onLoss: (reason) => {
        this.#options.log.debug({ reason }, 'news of the network may have been missed');
        this.#kernelNews(reason);
      },
    });
    this.#runner.request();
  }

  /** What was written stays. */
  async stop(): Promise<void> {
    this.#news?.close();
    await this.#runner.stop();
  }

  #nodesNews(): void {
    this.#nodesChanged = true;
    if (this.#news) this.#runner.request();
  }

  #kernelNews(reason: string): void {
    this.#options.log.debug({ reason }, 'routes are compared');
    this.#kernelChanged = true;
    this.#runner.request();
  }

  async #run(): Promise<void> {
    const { self, sync, clock, compared, holding, held } = this.#options;
    const reason = holding();
    if (reason !== undefined) return held(reason);
    const started = performance.now();
    const used = process.cpuUsage();
    const isFirst = this.#latest === undefined;
    const due = clock.now() - this.#readAt >= FULL_MS;
    this.#isNodesTurn = this.#nodesChanged;
    if (this.#kernelChanged || due || !this.#isNodesTurn) sync.forget();
    this.#nodesChanged = false;
    this.#kernelChanged = false;
    const peers = this.#nodes.peers();
    const { own } = peers;
    if (!own) return held(`there is no Node object ${self}, which is this node`);
    const outcome = await sync.compare({ ...peers, own });
    if (outcome.fresh) this.#readAt = clock.now();
    const isRepair = !this.#isNodesTurn && !isFirst && outcome.done.length > 0;
    const milliseconds = performance.now() - started;
    this.#latest = { ...outcome, peers, isRepair, milliseconds };
    await compared(this.#latest);
    const { user, system } = process.cpuUsage(used);
    // Others may have worked meanwhile, or have kept us waiting: it took neither more than that nor longer.
    const cost = Math.min(performance.now() - started, (user + system) / 1000);
    this.#pause = isFirst ? 0 : this.#pace.spent(cost, performance.now());
    if (outcome.refusals.length > 0) throw new Error(outcome.refusals.join('; '));
  }
}
