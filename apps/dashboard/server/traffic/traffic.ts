import type { CityRecord, EdgeFrame, EdgeKey, Interest } from '@kubecity/protocol';
import { Accounts } from './accounts.ts';
import { AgentLedger, type EdgeAccounts, type FrameOutcome } from './agent-ledger.ts';
import { BackendLoads } from './backend-loads.ts';
import { EdgeTable, MOST_EDGES, type NameEdge } from './edge-table.ts';
import { backendIdOf, RATE, RATES, ratesOf, TOTALS } from './figures.ts';
import { PortBook } from './port-book.ts';
import { ShownEdges } from './shown-edges.ts';

/** After news of what is looked at, agents may take so long until every frame tells of it. */
const INTEREST_DELAY_MILLISECONDS = 2000;
const CITY = 'city';

/**
 * All agents' ledgers together: accounts of edges, backends, service ports and the city. Frames come at any time; `show`
 * makes one moment of them, which stands until the next.
 */
export class Traffic implements EdgeAccounts {
  readonly edges = new EdgeTable();
  readonly shown = new ShownEdges(this.edges);
  readonly backends = new BackendLoads();
  readonly ports = new PortBook();
  /** One account, in slot 0. */
  readonly city = new Accounts({ rates: RATES, seconds: 60, keepMilliseconds: 0 });
  readonly #ledgers = new Map<string, AgentLedger>();
  readonly #nameEdge: NameEdge;
  /** By edge slot. */
  readonly #backendOf: number[] = [];
  readonly #portOf: number[] = [];
  readonly #rates = new Float64Array(RATES);
  /** Services told with every frame → since when; undefined = all. */
  #fast: Map<string, number> | undefined = new Map();
  #allSince = 0;
  #now = 0;
  #frames = 0;
  #framesShown = 0;
  #firstFrameAt: number | undefined;

  constructor(nameEdge: NameEdge) {
    this.#nameEdge = nameEdge;
    this.city.hold(CITY);
  }

  connected(node: string, epoch: string): void {
    this.#ledgerOf(node).connected(epoch);
  }

  forgetNode(node: string): void {
    this.#ledgers.get(node)?.forget();
  }

  /** The last frame's figures of the node's connection table, and the time of its dump by the node's clock. */
  tableOf(node: string): (EdgeFrame['table'] & { at: number }) | undefined {
    const ledger = this.#ledgers.get(node);
    return ledger?.table && ledger.at !== undefined ? { ...ledger.table, at: ledger.at } : undefined;
  }

  /** @param now Unix milliseconds by the hub's clock */
  take(node: string, frame: EdgeFrame, now: number): FrameOutcome {
    this.#advance(now);
    const outcome = this.#ledgerOf(node).apply(frame);
    if (!outcome.ok) return outcome;
    this.#frames += 1;
    this.#firstFrameAt ??= now;
    return outcome;
  }

  /** What agents were asked to tell with every frame. */
  setInterest({ services }: Interest, now: number): void {
    const before = this.#fast;
    if (services === 'all') {
      if (before !== undefined) this.#allSince = now;
      this.#fast = undefined;
    } else this.#fast = new Map(services.map((name) => [name, before?.get(name) ?? (before ? now : this.#allSince)]));
  }

  /** Makes the present the moment that is shown. */
  show(now: number, isSilent: (node: string) => boolean): void {
    this.#advance(now);
    for (const [node, ledger] of this.#ledgers) ledger.setSilent(isSilent(node));
    for (const slot of this.edges.sweep(now)) {
      this.backends.accounts.slots.release(this.#backendOf[slot] as number, now);
      this.ports.accounts.slots.release(this.#portOf[slot] as number, now);
      this.shown.forget(slot);
    }
    this.backends.accounts.slots.sweep(now);
    this.ports.sweep(now);
    this.shown.show(now);
  }

  /** Whether any frame came since the last call. */
  takeNews(): boolean {
    const news = this.#frames > this.#framesShown;
    this.#framesShown = this.#frames;
    return news;
  }

  /** A point of the time line: means of the last whole seconds. Undefined while they are not all of a time with agents. */
  tick(now: number, seconds: number): CityRecord<'tick'> | undefined {
    if (this.#firstFrameAt === undefined || this.#firstFrameAt > now - seconds * 1000) return undefined;
    const mean = (...rates: number[]) =>
      Math.round((rates.reduce((sum, rate) => sum + this.city.windows.sum(0, rate, seconds), 0) / seconds) * 100) / 100;
    return {
      at: now,
      openedPerSecond: mean(RATE.opened),
      bytesPerSecond: mean(RATE.bytesToBackend, RATE.bytesToClient),
      refusedPerSecond: mean(RATE.refused),
    };
  }

  /** Nodes whose agents count edges of that service port, or of one backend of it. */
  nodesOf(servicePort: string, backend: string | undefined): string[] {
    const port = this.ports.accounts.slots.find(servicePort);
    const only = backend === undefined ? undefined : this.backends.accounts.slots.find(`${servicePort}|${backend}`);
    if (port === undefined || (backend !== undefined && only === undefined)) return [];
    const counts = (slot: number) =>
      this.#portOf[slot] === port && (only === undefined || this.#backendOf[slot] === only);
    return [...this.#ledgers].filter(([, ledger]) => ledger.slots().some(counts)).map(([node]) => node);
  }

  // the rest is what ledgers need

  get room(): number {
    return MOST_EDGES - this.edges.size;
  }

  hold(key: EdgeKey, node: string): number {
    const { slot, isNew } = this.edges.hold(key, node, this.#nameEdge);
    if (isNew) {
      this.#backendOf[slot] = this.backends.accounts.hold(backendIdOf(key)).slot;
      this.#portOf[slot] = this.ports.hold(key.servicePort);
    }
    return slot;
  }

  release(slot: number): void {
    this.edges.release(slot, this.#now);
  }

  setSilent(slot: number, more: 1 | -1): void {
    this.edges.setSilent(slot, more);
  }

  isSlow(slot: number): boolean {
    const since = this.#fast === undefined ? this.#allSince : this.#fast.get(this.edges.nameOf(slot).service);
    return since === undefined || this.#now - since < INTEREST_DELAY_MILLISECONDS;
  }

  add(slot: number, change: Float64Array, span: number): void {
    const [backend, port] = [this.#backendOf[slot] as number, this.#portOf[slot] as number];
    this.edges.accounts.add(slot, change);
    this.ports.add(port, change);
    this.city.add(0, change);
    this.backends.accounts.add(backend, change);
    if (grew(change)) {
      ratesOf(change, this.#rates);
      this.edges.accounts.windows.add(slot, this.#rates, this.#now, span);
      this.ports.accounts.windows.add(port, this.#rates, this.#now, span);
      this.city.windows.add(0, this.#rates, this.#now, span);
      this.backends.flow(backend, change, this.#now, span);
    }
    this.edges.stir(slot);
  }

  #advance(now: number): void {
    this.#now = now;
    for (const { windows } of [this.edges.accounts, this.backends.accounts, this.ports.accounts, this.city]) {
      windows.advance(now);
    }
  }

  #ledgerOf(node: string): AgentLedger {
    const ledger = this.#ledgers.get(node) ?? new AgentLedger(node, this);
    this.#ledgers.set(node, ledger);
    return ledger;
  }
}

function grew(change: Float64Array): boolean {
  for (let i = 0; i < TOTALS; i++) if (change[i] !== 0) return true;
  return false;
}
