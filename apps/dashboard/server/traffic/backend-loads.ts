import type { CityRecord, Windows } from '@kubecity/protocol';
import { Accounts } from './accounts.ts';
import { FIGURE } from './figures.ts';

export const LOAD_WINDOW_SECONDS = 60;
/** So many records are made anew with each refresh. */
const RECORDS_PER_ROUND = 1000;
const [OPENED, REFUSED, BYTES] = [0, 1, 2];

/** Still open on a backend, summed over nodes. */
export interface OpenConnections {
  readonly moving: number;
  readonly idle: number;
  readonly closing: number;
  readonly waiting: number;
}
const NOTHING_OPEN: OpenConnections = { moving: 0, idle: 0, closing: 0, waiting: 0 };

/** Accounts of backends, with the windows that their load records are made of. */
export class BackendLoads {
  readonly accounts = new Accounts({
    rates: 3,
    seconds: LOAD_WINDOW_SECONDS,
    // its last minute is still part of the picture
    keepMilliseconds: (LOAD_WINDOW_SECONDS + 10) * 1000,
  });
  readonly #amounts = new Float64Array(3);
  /** Service ports whose wished shares changed lately: what says nothing about the new ones is kept out of their window. */
  readonly #changes = new Map<string, Change>();
  #firstSecond: number | undefined;
  #round = 0;

  /** The wished shares of a service port are others from now on; until `wishHolds` nothing counts for them. */
  wishChanged(port: string): void {
    this.#changes.set(port, { heldAt: Number.POSITIVE_INFINITY, begin: Number.POSITIVE_INFINITY });
  }

  /** Every node has them. What was opened before still flows in for a while: it is waited for. */
  wishHolds(port: string, now: number): void {
    let begin = now;
    for (const [name, slot] of this.accounts.slots.entries()) {
      if (portOf(name) === port) begin = Math.max(begin, this.accounts.windows.flowsUntil(slot) * 1000);
    }
    this.#changes.set(port, { heldAt: now, begin });
  }

  /** Lets what totals grew by flow into the windows. */
  flow(slot: number, change: Float64Array, now: number, span: number): void {
    this.#firstSecond ??= Math.floor(now / 1000);
    this.#amounts[0] = change[FIGURE.opened] as number;
    this.#amounts[1] = change[FIGURE.refused] as number;
    this.#amounts[2] = (change[FIGURE.bytesToBackend] as number) + (change[FIGURE.bytesToClient] as number);
    this.accounts.windows.add(slot, this.#amounts, now, span);
    if (this.#changes.size > 0) this.#keepOut(slot, now, span);
  }

  /** Of a span that began before the wish held, some was opened under the one before: it flows until a span from now. */
  #keepOut(slot: number, now: number, span: number): void {
    const change = this.#changes.get(portOf(this.accounts.slots.nameOf(slot) ?? ''));
    if (change && now - span < change.heldAt) change.begin = Math.max(change.begin, now + span);
  }

  openOf(backend: string): OpenConnections {
    const slot = this.accounts.slots.find(backend);
    if (slot === undefined) return NOTHING_OPEN;
    const open = (figure: number) => this.accounts.figure(slot, figure);
    return {
      moving: open(FIGURE.moving),
      idle: open(FIGURE.idle),
      closing: open(FIGURE.closing),
      waiting: open(FIGURE.waiting),
    };
  }

  /** Whether there are figures of this backend. */
  counts(backend: string): boolean {
    return this.accounts.slots.find(backend) !== undefined;
  }

  /**
   * Load records of the backends given and of every other that has figures; none before the first frame. Where there are
   * many, they take turns to be made anew: only those whose turn it is are given.
   * @param isMade whether there is a record already; what has none does not wait
   */
  *records(
    backends: Iterable<string>,
    isMade: (id: string) => boolean = () => false,
  ): Generator<[id: string, record: CityRecord<'load'>]> {
    if (this.#firstSecond === undefined) return;
    const { slots } = this.accounts;
    this.#forgetChanges();
    const openedOfPort = this.#openedOfPorts();
    const turns = Math.ceil(slots.size / RECORDS_PER_ROUND);
    this.#round += 1;
    let place = 0;
    const waits = (id: string) =>
      place++ % turns !== this.#round % turns && isMade(id) && !this.#changes.has(portOf(id));
    const made = (id: string): [string, CityRecord<'load'>] => [
      id,
      this.#record(id, openedOfPort.get(portOf(id)) ?? 0),
    ];
    for (const id of slots.names()) if (!waits(id)) yield made(id);
    for (const id of backends) if (!this.counts(id) && !waits(id)) yield made(id);
  }

  #openedOfPorts(): Map<string, number> {
    const opened = new Map<string, number>();
    for (const [name, slot] of this.accounts.slots.entries()) {
      const port = portOf(name);
      opened.set(port, (opened.get(port) ?? 0) + this.#openedOf(slot, port));
    }
    return opened;
  }

  #openedOf(slot: number, port: string): number {
    return this.accounts.windows.sum(slot, OPENED, this.#secondsSince(this.#changes.get(port)));
  }

  /** Whole seconds of the window that lie behind the change. */
  #secondsSince(change: Change | undefined): number {
    if (!change) return LOAD_WINDOW_SECONDS;
    const seconds = this.accounts.windows.second - Math.ceil(change.begin / 1000);
    return Math.min(LOAD_WINDOW_SECONDS, Math.max(0, seconds));
  }

  /** Those that the whole window lies behind; also when the clock was set back so far that they are of the future. */
  #forgetChanges(): void {
    const { second } = this.accounts.windows;
    for (const [port, change] of this.#changes) {
      const early = Number.isFinite(change.heldAt) && change.heldAt / 1000 - second > LOAD_WINDOW_SECONDS;
      if (early || this.#secondsSince(change) === LOAD_WINDOW_SECONDS) this.#changes.delete(port);
    }
  }

  #record(id: string, openedOfPort: number): CityRecord<'load'> {
    const slot = this.accounts.slots.find(id);
    const age = this.accounts.windows.second - (this.#firstSecond ?? 0);
    const known = Math.min(LOAD_WINDOW_SECONDS, Math.max(1, age));
    const rates = (figure: number) => (slot === undefined ? QUIET : this.#rates(slot, figure, known));
    const change = this.#changes.get(portOf(id));
    const { moving, idle, closing } = this.openOf(id);
    return {
      openedPerSecond: rates(OPENED),
      refusedPerSecond: rates(REFUSED),
      bytesPerSecond: rates(BYTES),
      opened: slot === undefined ? 0 : Math.round(this.#openedOf(slot, portOf(id))),
      openedOfPort: Math.round(openedOfPort),
      windowSeconds: Math.min(known, this.#secondsSince(change)),
      ...(change && { sinceChange: true }),
      moving,
      idle,
      closing,
    };
  }

  /** Means over the last 1, 10 and 60 s, or over as many as there were since the first frame. */
  #rates(slot: number, figure: number, since: number): Windows {
    const mean = (seconds: number) => {
      const over = Math.min(seconds, since);
      return rounded(this.accounts.windows.sum(slot, figure, over) / over);
    };
    return { s1: mean(1), s10: mean(10), s60: mean(60) };
  }
}

/** When every node had the new wish (Unix ms), and from when on only connections flow in that were opened under it. */
interface Change {
  readonly heldAt: number;
  begin: number;
}

const QUIET: Windows = { s1: 0, s10: 0, s60: 0 };

const portOf = (backendId: string) => backendId.slice(0, backendId.lastIndexOf('|'));

/** Two digits after the point below a thousand, none above: finer differences are noise and would fill the frames. */
const rounded = (rate: number) => (rate < 1000 ? Math.round(rate * 100) / 100 : Math.round(rate));
