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
  #firstSecond: number | undefined;
  #round = 0;

  /** Lets what totals grew by flow into the windows. */
  flow(slot: number, change: Float64Array, now: number, span: number): void {
    this.#firstSecond ??= Math.floor(now / 1000);
    this.#amounts[0] = change[FIGURE.opened] as number;
    this.#amounts[1] = change[FIGURE.refused] as number;
    this.#amounts[2] = (change[FIGURE.bytesToBackend] as number) + (change[FIGURE.bytesToClient] as number);
    this.accounts.windows.add(slot, this.#amounts, now, span);
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
    const openedOfPort = this.#openedOfPorts();
    const turns = Math.ceil(slots.size / RECORDS_PER_ROUND);
    this.#round += 1;
    let place = 0;
    const waits = (id: string) => place++ % turns !== this.#round % turns && isMade(id);
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
      opened.set(port, (opened.get(port) ?? 0) + this.#openedOf(slot));
    }
    return opened;
  }

  #openedOf(slot: number): number {
    return this.accounts.windows.sum(slot, OPENED, LOAD_WINDOW_SECONDS);
  }

  #record(id: string, openedOfPort: number): CityRecord<'load'> {
    const slot = this.accounts.slots.find(id);
    const age = this.accounts.windows.second - (this.#firstSecond ?? 0);
    const windowSeconds = Math.min(LOAD_WINDOW_SECONDS, Math.max(1, age));
    const rates = (figure: number) => (slot === undefined ? QUIET : this.#rates(slot, figure, windowSeconds));
    const { moving, idle, closing } = this.openOf(id);
    return {
      openedPerSecond: rates(OPENED),
      refusedPerSecond: rates(REFUSED),
      bytesPerSecond: rates(BYTES),
      opened: slot === undefined ? 0 : Math.round(this.#openedOf(slot)),
      openedOfPort: Math.round(openedOfPort),
      windowSeconds,
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

const QUIET: Windows = { s1: 0, s10: 0, s60: 0 };

const portOf = (backendId: string) => backendId.slice(0, backendId.lastIndexOf('|'));

/** Two digits after the point below a thousand, none above: finer differences are noise and would fill the frames. */
const rounded = (rate: number) => (rate < 1000 ? Math.round(rate * 100) / 100 : Math.round(rate));
