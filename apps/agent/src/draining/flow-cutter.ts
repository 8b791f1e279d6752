import { type FlowState, flowIdentity, type OpenFlow, type WantedFlow } from '@kubecity/conntrack';
import type { ConntrackSource } from '@kubecity/netlink';
import { pause } from '../accounting/pause.ts';
import { type CutOrder, ends } from './cut-order.ts';
import { CutPace } from './cut-pace.ts';

/** Connections of one order that have just been ended. */
export interface CutNews {
  readonly uid: string;
  readonly connections: number;
  /** Known at present and still to be ended. */
  readonly left: number;
  /** The deadline had come. */
  readonly late: boolean;
}

export interface FlowCutterOptions {
  readonly conntrack: Pick<ConntrackSource, 'delete' | 'get'>;
  /** Open connections that are wanted, as of the last dump. */
  readonly openFlows: (wanted: WantedFlow) => OpenFlow[];
  /** Milliseconds of a clock that does not go back. */
  readonly now: () => number;
  readonly tell: (news: CutNews) => void;
  /** The kernel would not delete some entries; once until it does again. */
  readonly failed: (error: Error, uid: string) => void;
}

/** Of one order at once; the next dump shows the others. */
const MOST_QUEUED = 20_000;
/** Ended connections that an order remembers, so as not to end them again; the oldest are forgotten. */
const MOST_REMEMBERED = 100_000;

interface Work {
  readonly order: CutOrder;
  readonly pace: CutPace;
  /** By tuple: what comes back is let back by the rules (session affinity that is kept), and is left alone. */
  readonly ended: Set<string>;
  queue: OpenFlow[];
  /** The last deletion failed. */
  failing: boolean;
}

/**
 * Ends connections of draining backends: deletes their entries, each order at its own pace, so that the next packet of each
 * is routed anew. Works through what the last dump showed, and rests until the next one.
 */
export class FlowCutter {
  readonly #options: FlowCutterOptions;
  /** By uid and generation. */
  #works = new Map<string, Work>();
  /** By service port, then by backend. */
  #holders = new Map<string, Map<string, Work>>();
  #working = false;
  readonly #stopping = new AbortController();

  constructor(options: FlowCutterOptions) {
    this.#options = options;
  }

  /** All orders there are from now on; nothing more is ended for others. `look` is to follow. */
  set(orders: readonly CutOrder[]): void {
    const before = this.#works;
    this.#works = new Map();
    this.#holders = new Map();
    for (const order of orders) {
      const known = before.get(keyOf(order));
      const { pace = new CutPace(order.perSecond), ended = new Set<string>(), failing = false } = known ?? {};
      const work: Work = { order, pace, ended, failing, queue: [] };
      this.#works.set(keyOf(order), work);
      for (const [servicePort, backend] of order.backends) {
        const holders = this.#holders.get(servicePort) ?? new Map<string, Work>();
        this.#holders.set(servicePort, holders.set(backend, work));
      }
    }
  }

  /** The ledger is whole: looks who is to be ended, and goes to work. */
  look(): void {
    if (this.#works.size === 0) return;
    const room = new Map<Work, number>();
    for (const work of this.#works.values()) {
      work.queue = [];
      room.set(work, MOST_QUEUED);
    }
    const wanted: WantedFlow = (flow, tuple) => {
      const work = this.#workOf(flow);
      const left = (work && room.get(work)) ?? 0;
      if (!work || left === 0 || !ends(work.order, flow) || work.ended.has(tuple())) return false;
      room.set(work, left - 1);
      return true;
    };
    for (const flow of this.#options.openFlows(wanted)) this.#workOf(flow)?.queue.push(flow);
    if (!this.#working) void this.#work();
  }

  stop(): void {
    this.set([]);
    this.#stopping.abort();
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let busy = this.#busy(); busy.length > 0; busy = this.#busy()) {
      for (const work of busy) await this.#cut(work);
      const now = this.#options.now();
      await pause(Math.min(...busy.map(({ pace }) => pace.wait(now))), this.#stopping.signal);
    }
    this.#working = false;
  }

  #busy(): Work[] {
    return [...this.#works.values()].filter(({ queue }) => queue.length > 0);
  }

  /** One batch, as large as the pace allows. */
  async #cut(work: Work): Promise<void> {
    const { now, conntrack, tell, failed } = this.#options;
    const { uid, late } = work.order;
    const batch = work.queue.splice(0, work.pace.allowed(now()));
    try {
      const seen: OpenFlow[] = [];
      for (const flow of batch) if (await this.#isAsSeen(work.order, flow)) seen.push(flow);
      // Meanwhile the order may have been taken back.
      const flows = seen.filter((flow) => this.#workOf(flow)?.ended === work.ended);
      if (flows.length === 0) return;
      for (const { tuple } of flows) remember(work.ended, tuple);
      // Spent when they are gone: a busy machine may take a while, and seconds are counted from the end of it.
      const { deleted } = await conntrack
        .delete(flows.map(({ row }) => flowIdentity(row)))
        .finally(() => work.pace.spend(flows.length, now()));
      work.failing = false;
      if (deleted > 0) tell({ uid, connections: deleted, left: work.queue.length, late });
    } catch (error) {
      if (this.#stopping.signal.aborted || work.failing) return;
      work.failing = true;
      failed(error instanceof Error ? error : new Error(String(error)), uid);
    }
  }

  /** A connection that was idle in the last dump may have moved since: then it is spared. */
  async #isAsSeen(order: CutOrder, flow: OpenFlow): Promise<boolean> {
    if (ends(order, { ...flow, class: 'moving' })) return true;
    const entry = await this.#options.conntrack.get(flow.row);
    return entry?.originalPackets === flow.originalPackets && entry.replyPackets === flow.replyPackets;
  }

  #workOf({ servicePort, backend }: Pick<FlowState, 'servicePort' | 'backend'>): Work | undefined {
    return this.#holders.get(servicePort)?.get(backend);
  }
}

const keyOf = ({ uid, generation }: CutOrder): string => `${uid} ${generation}`;

function remember(ended: Set<string>, tuple: string): void {
  ended.add(tuple);
  const [oldest] = ended;
  if (ended.size > MOST_REMEMBERED && oldest !== undefined) ended.delete(oldest);
}
